import { startDriver } from '../drivers/driver.ts';
import type { RepeatCalls } from '../drivers/repeat-calls.ts';
import type { Place } from '../figure.ts';
import { ValidateTokenRequest, ValidateTokenResponse } from '../../src/gen/auth/v1/auth_service.ts';
import { DecisionSource } from '../../src/gen/auth/v1/consistency.ts';
import type { Consistency } from '../../src/gen/auth/v1/consistency.ts';
import type { Side } from '../rounds/compare.ts';
import { prepareValidation } from '../scene/validation-scene.ts';
import { startNoopServer } from '../servers/noop-server.ts';

/** The tag of the first field if it is a string or a message: `principal` here, the string of the no-op there. */
const FIRST_FIELD = 0x0a;

type Load = Pick<RepeatCalls, 'connections' | 'callsPerConnection'> & {
  /** Default: that of callers who say nothing. */
  readonly consistency?: NonNullable<Consistency['requirement']>;
};

/** ValidateToken of one of two replicas, and a call that does nothing with requests and answers of the same size. */
export async function startValidateSides(
  place: Place,
  { consistency: requirement, ...load }: Load,
): Promise<{ measured: Side; baseline: Side }> {
  const { service, accessTokens } = await prepareValidation(place);
  const questions = accessTokens.map((accessToken) => ({
    accessToken,
    consistency: requirement && { requirement },
  }));
  const [question] = questions;
  if (!question) throw new Error('There is nothing to validate.');
  const answer = await service.auth.validateToken(question);
  const source = requirement?.$case === 'fullyConsistent' ? DecisionSource.POSTGRESQL : DecisionSource.MEMORY;
  if (answer.source !== source) throw new Error(`A validation came from source ${answer.source}.`);
  const noop = await startNoopServer(place, ValidateTokenResponse.encode(answer).finish().length);

  const requests = questions.map((request) => ValidateTokenRequest.encode(request).finish());
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
