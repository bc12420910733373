import { StreamValidateTokensRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { StreamQuestions } from '../drivers/stream-questions.ts';
import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { TOKENS, prepareValidation } from '../scene/validation-scene.ts';
import { startUnarySide } from './unary-side.ts';

const PRINCIPAL = 0x0a;

export const streamVsUnary: Figure = {
  name: 'stream_vs_unary',
  about:
    'validations/s by StreamValidateTokens (8 streams, one token a message, at most 128 questions under way on each) over ValidateToken/s (8 connections with 10 calls on each)',
  atLeast: 4,
  async measure(place) {
    const { service, accessTokens } = await prepareValidation(place);
    const { port, pid } = service;
    const stream = await startDriver<StreamQuestions>(place, {
      program: new URL('../drivers/stream-questions.ts', import.meta.url),
      core: place.pinning.load,
      setup: {
        port,
        path: '/auth.v1.AuthService/StreamValidateTokens',
        streams: 8,
        window: 128,
        questions: accessTokens.map((accessToken) =>
          StreamValidateTokensRequest.encode({ accessToken, consistency: undefined }).finish(),
        ),
        firstByte: PRINCIPAL,
      },
    });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      measured: { name: 'stream', driver: stream, pid },
      baseline: await startUnarySide(place, service, accessTokens),
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 4,
      warmUpCalls: 2 * TOKENS,
      seconds: 2,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        by_processor_time: perCoreRatio,
        streamed_validations_per_second: measured.value,
        unary_validations_per_second: baseline.value,
        streaming_service_cores: measured.busy,
        unary_service_cores: baseline.busy,
        // Near 1 the load generator is what is measured, and the ratio is too low.
        stream_load_cores: measured.loadBusy,
        unary_load_cores: baseline.loadBusy,
      },
    };
  },
};
