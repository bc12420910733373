import { BatchValidateTokensRequest } from '../../src/gen/auth/v1/auth_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { ValidateBatches } from '../drivers/validate-batches.ts';
import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { TOKENS, prepareValidation } from '../scene/validation-scene.ts';
import { startUnarySide } from './unary-side.ts';

const TOKENS_PER_BATCH = 100;

export const batchVsSingle: Figure = {
  name: 'batch_vs_single',
  about:
    'tokens/s by BatchValidateTokens of 100 (8 connections with one call on each) over ValidateToken/s (8 connections with 10 calls on each)',
  atLeast: 12,
  async measure(place) {
    const { service, accessTokens } = await prepareValidation(place);
    const { port, pid } = service;
    const batches = Array.from({ length: TOKENS / TOKENS_PER_BATCH }, (_, index) =>
      accessTokens.slice(index * TOKENS_PER_BATCH, (index + 1) * TOKENS_PER_BATCH),
    );
    const batch = await startDriver<ValidateBatches>(place, {
      program: new URL('../drivers/validate-batches.ts', import.meta.url),
      core: place.pinning.load,
      setup: {
        port,
        lanes: 8,
        tokensPerBatch: TOKENS_PER_BATCH,
        requests: batches.map((tokens) =>
          BatchValidateTokensRequest.encode({ accessTokens: tokens, consistency: undefined }).finish(),
        ),
      },
    });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      measured: { name: 'batch', driver: batch, pid, perCall: TOKENS_PER_BATCH },
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
        tokens_per_second_in_batches: measured.value,
        tokens_per_second_single: baseline.value,
        batch_service_cores: measured.busy,
        single_service_cores: baseline.busy,
        batch_load_cores: measured.loadBusy,
        single_load_cores: baseline.loadBusy,
      },
    };
  },
};
