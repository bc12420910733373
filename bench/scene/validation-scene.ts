import type { Place } from '../figure.ts';
import { startService } from '../servers/service.ts';
import type { Service, ServiceOptions } from '../servers/service.ts';
import { mintForPerson } from './mint-for-person.ts';

export const TOKENS = 10_000;

/** A replica that is measured, another that only follows the revocations as replicas do, and live tokens, all different. */
export type ValidationScene = {
  readonly service: Service;
  readonly other: Service;
  readonly accessTokens: readonly string[];
};

/** @param options of the measured replica */
export async function prepareValidation(place: Place, options: ServiceOptions = {}): Promise<ValidationScene> {
  const service = await startService(place, options);
  const other = await startService(place, { core: place.pinning.load });
  return { service, other, accessTokens: await mintForPerson(service, TOKENS) };
}
