import { Status } from 'nice-grpc';
import { refusalOf } from './refusal.ts';

/** `OK`, or the status and reason of a refusal: `UNAVAILABLE DEPENDENCY_UNAVAILABLE`. For counting outcomes of many calls. */
export async function outcomeOf(call: Promise<unknown>): Promise<string> {
  const isRefused = await call.then(
    () => false,
    () => true,
  );
  if (!isRefused) return Status[Status.OK];
  const { status, reason } = await refusalOf(call);
  return `${status} ${reason ?? 'without a reason'}`;
}
