import { ErrorReason } from '../../src/gen/auth/v1/error_reason.ts';
import type { Clients } from './service.ts';

/** Why a replica refuses an access token, by the name of the reason; null if it accepts it. */
export async function problemOf(clients: Pick<Clients, 'auth'>, accessToken: string): Promise<string | null> {
  const { result } = await clients.auth.validateToken({ accessToken });
  if (!result) throw new Error('The answer has no result.');
  if (result.$case === 'principal') return null;
  return Object.entries(ErrorReason).find(([, value]) => value === result.value.reason)?.[0] ?? null;
}
