import fc from 'fast-check';
import { SCENE } from './simulate.ts';
import type { Happening, Scenario } from './simulate.ts';

const kinds = fc.oneof(
  { weight: 5, arbitrary: fc.constant('logout' as const) },
  { weight: 2, arbitrary: fc.constant('many logouts' as const) },
  {
    weight: 6,
    arbitrary: fc.constantFrom<Happening['kind'][]>(
      'replica starts',
      'replica is killed and starts again',
      'replica stalls',
      'Redis freezes',
      'Redis loses messages',
      'Redis is killed and starts empty',
      'PostgreSQL restarts',
      'PostgreSQL is slow',
      'PostgreSQL freezes',
    ),
  },
);

const happening: fc.Arbitrary<Happening> = fc.record({
  at: fc.integer({ min: 0, max: SCENE }),
  kind: kinds,
  who: fc.nat(5),
  duration: fc.integer({ min: 10, max: 2000 }),
});

/** Replicas, a lease, and a list of what goes wrong and when. The seed decides all the small delays. */
export const scenarios: fc.Arbitrary<Scenario> = fc.record({
  seed: fc.integer(),
  replicas: fc.integer({ min: 1, max: 4 }),
  lease: fc.constantFrom(200, 500, 1000),
  // In half of the schedules less than the time between two touches: replicas are forgotten and register again.
  trust: fc.constantFrom(10_000, 1000),
  happenings: fc.array(happening, { minLength: 4, maxLength: 24 }),
});
