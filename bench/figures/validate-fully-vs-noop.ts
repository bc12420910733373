import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { TOKENS } from '../scene/validation-scene.ts';
import { startValidateSides } from './validate-sides.ts';

export const validateFullyVsNoop: Figure = {
  name: 'validate_fully_vs_noop',
  about: 'the same with FULLY_CONSISTENT: each answer rests on a read of PostgreSQL that began after its call',
  atLeast: 0.8,
  async measure(place) {
    const consistency = { $case: 'fullyConsistent', value: true } as const;
    const sides = await startValidateSides(place, { connections: 8, callsPerConnection: 10, consistency });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      ...sides,
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 4,
      warmUpCalls: 2 * TOKENS,
      seconds: 3,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        by_processor_time: perCoreRatio,
        validations_per_second: measured.value,
        noops_per_second: baseline.value,
        validation_p50_ms: measured.p50,
        noop_p50_ms: baseline.p50,
        service_cores: measured.busy,
        noop_cores: baseline.busy,
        load_cores: measured.loadBusy,
        noop_load_cores: baseline.loadBusy,
      },
    };
  },
};
