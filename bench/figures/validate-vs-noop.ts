import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { TOKENS } from '../scene/validation-scene.ts';
import { startValidateSides } from './validate-sides.ts';

export const validateVsNoop: Figure = {
  name: 'validate_vs_noop',
  about:
    'ValidateToken/s of 10 000 live tokens, two replicas connected, over no-op calls/s of bare nice-grpc; 8 connections with 10 calls on each',
  atLeast: 0.9,
  async measure(place) {
    const sides = await startValidateSides(place, { connections: 8, callsPerConnection: 10 });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      ...sides,
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 4,
      // Each token is verified once and remembered; what is measured is a replica that has been up for a while.
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
        service_cores: measured.busy,
        noop_cores: baseline.busy,
        load_cores: measured.loadBusy,
        noop_load_cores: baseline.loadBusy,
      },
    };
  },
};
