import { ValidateTokenRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { RepeatCalls } from '../drivers/repeat-calls.ts';
import type { Place } from '../figure.ts';
import type { Side } from '../rounds/compare.ts';
import type { Service } from '../servers/service.ts';

/** The tag of `principal` in ValidateTokenResponse. */
const PRINCIPAL = 0x0a;

/** ValidateToken as it is called when nothing else is known: one token a call, 8 connections with 10 calls on each. */
export async function startUnarySide(
  place: Place,
  { port, pid }: Pick<Service, 'port' | 'pid'>,
  accessTokens: readonly string[],
): Promise<Side> {
  const driver = await startDriver<RepeatCalls>(place, {
    program: new URL('../drivers/repeat-calls.ts', import.meta.url),
    core: place.pinning.load,
    setup: {
      port,
      path: '/auth.v1.AuthService/ValidateToken',
      connections: 8,
      callsPerConnection: 10,
      requests: accessTokens.map((accessToken) =>
        ValidateTokenRequest.encode({ accessToken, consistency: undefined }).finish(),
      ),
      firstByte: PRINCIPAL,
    },
  });
  return { name: 'unary', driver, pid };
}
