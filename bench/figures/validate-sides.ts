import { startDriver } from '../drivers/driver.ts';
import type { RepeatCalls } from '../drivers/repeat-calls.ts';
import type { Place } from '../figure.ts';
import { ValidateTokenRequest, ValidateTokenResponse } from '../../src/gen/auth/v1/auth_service.ts';
import type { Side } from '../rounds/compare.ts';
import { mintAccessTokens } from '../scene/mint-access-tokens.ts';
import { registerPeople } from '../scene/register-people.ts';
import { startNoopServer } from '../servers/noop-server.ts';
import { startService } from '../servers/service.ts';

export const TOKENS = 10_000;
/** The tag of the first field if it is a string or a message: `principal` here, the string of the no-op there. */
const FIRST_FIELD = 0x0a;

/** ValidateToken of the service, and a call that does nothing with requests and answers of the same size. */
export async function startValidateSides(
  place: Place,
  load: Pick<RepeatCalls, 'connections' | 'callsPerConnection'>,
): Promise<{ measured: Side; baseline: Side }> {
  const service = await startService(place);
  const [person] = await registerPeople(service.auth, 1);
  if (!person) throw new Error('Nobody has registered.');
  const accessTokens = await mintAccessTokens(service.config, person.accessToken, TOKENS);
  const answer = await service.auth.validateToken({ accessToken: accessTokens[0] ?? '' });
  const noop = await startNoopServer(place, ValidateTokenResponse.encode(answer).finish().length);

  const requests = accessTokens.map((accessToken) =>
    ValidateTokenRequest.encode({ accessToken, consistency: undefined }).finish(),
  );
  const start = (port: number, path: string) =>
    startDriver<RepeatCalls>(place, {
      program: new URL('../drivers/repeat-calls.ts', import.meta.url),
      core: place.pinning.load,
      setup: { port, path, ...load, requests, firstByte: FIRST_FIELD },
    });
  return {
    measured: {
      name: 'ValidateToken',
      driver: await start(service.port, '/auth.v1.AuthService/ValidateToken'),
      pid: service.pid,
    },
    baseline: { name: 'no-op', driver: await start(noop.port, '/bench.NoopService/Noop'), pid: noop.pid },
  };
}
