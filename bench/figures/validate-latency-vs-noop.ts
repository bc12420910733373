import type { Figure } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { TOKENS } from '../scene/validation-scene.ts';
import { startValidateSides } from './validate-sides.ts';

export const validateLatencyVsNoop: Figure = {
  name: 'validate_latency_vs_noop',
  about: 'the median time of one ValidateToken at a time over that of one no-op call; 1 is as fast, 2 is half as fast',
  atMost: 1.2,
  async measure(place) {
    const sides = await startValidateSides(place, { connections: 1, callsPerConnection: 1 });
    const { ratio, spread, measured, baseline } = await compare({
      ...sides,
      of: ({ p50 }) => p50,
      warmUpSeconds: 4,
      // Each token is verified once and remembered; what is measured is a replica that has been up for a while.
      warmUpCalls: 2 * TOKENS,
      seconds: 2,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: { validation_ms: measured.value, noop_ms: baseline.value },
    };
  },
};
