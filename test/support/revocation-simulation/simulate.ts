import { createDatabase } from './database.ts';
import { createMessageBus } from './message-bus.ts';
import { startProcess } from './process.ts';
import type { Flaws, SimulatedProcess } from './process.ts';
import { createRandom } from './random.ts';
import { createTimeline } from './timeline.ts';

/** Something that happens to a set-up of several replicas. */
export type Happening = {
  readonly at: number;
  readonly kind:
    | 'logout'
    | 'many logouts'
    | 'replica starts'
    | 'replica is killed and starts again'
    | 'replica stalls'
    | 'Redis freezes'
    | 'Redis loses messages'
    | 'Redis is killed and starts empty'
    | 'PostgreSQL restarts'
    | 'PostgreSQL is slow'
    | 'PostgreSQL freezes';
  /** Which replica. */
  readonly who: number;
  readonly duration: number;
};

export type Scenario = {
  readonly seed: number;
  readonly replicas: number;
  readonly lease: number;
  /** As in auth.read_revocations, where it is 10 s; at least twice a lease. */
  readonly trust: number;
  readonly happenings: readonly Happening[];
};

export type Outcome = {
  /** Validations that began after the revoker had answered and were positive all the same: the broken promise. */
  readonly violations: readonly string[];
  readonly answeredLogouts: number;
  readonly refusedValidations: number;
  readonly acceptedLiveTokens: number;
  /** The longest time between a commit and the answer, in leases. */
  readonly slowestAnswer: number;
};

/** How long happenings go on; afterwards a second of quiet. */
export const SCENE = 3000;

export async function simulate(scenario: Scenario, flaws: Flaws = {}): Promise<Outcome> {
  const timeline = createTimeline();
  const random = createRandom(scenario.seed);
  const database = createDatabase(timeline, random, { ...flaws, trust: scenario.trust });
  const bus = createMessageBus(timeline, random);
  const world = { timeline, random, database, bus, lease: scenario.lease, flaws };
  const processes: SimulatedProcess[] = [];
  const violations: string[] = [];
  let answeredLogouts = 0;
  let refusedValidations = 0;
  let acceptedLiveTokens = 0;

  // Set to different lengths, as while a new setting is being rolled out.
  const start = () => void processes.push(startProcess({ ...world, lease: scenario.lease * random.between(0.3, 1) }));
  for (let index = 0; index < scenario.replicas; index += 1) timeline.at(random.between(0, 100), start);

  /** Asks every replica that serves, as clients do that have heard of the logout. */
  function expectRevokedEverywhere(subject: string, answeredAt: number): void {
    processes.forEach((process, index) => {
      if (!process.isServing()) return;
      const askedAt = timeline.now();
      process.validate(subject).then(
        (isAccepted) => {
          if (isAccepted)
            violations.push(
              `Answered at ${answeredAt.toFixed(1)}, accepted by replica ${index} when asked at ${askedAt.toFixed(1)}.`,
            );
          else refusedValidations += 1;
        },
        () => undefined,
      );
    });
  }

  function logout(who: number, count: number): void {
    const revoker = processes[who % processes.length];
    if (!revoker?.isServing() || revoker.isStalled()) return;
    const subjects = Array.from({ length: count }, random.uuid);
    const [subject] = subjects;
    if (subject === undefined) return;
    const one = processes[(who + 1) % processes.length];
    if (one?.isServing()) {
      one.validate(subject).then(
        (isAccepted) => {
          if (isAccepted) acceptedLiveTokens += 1;
        },
        () => undefined,
      );
    }
    revoker.revoke(subjects).then(
      () => {
        answeredLogouts += 1;
        const answeredAt = timeline.now();
        for (const later of [0, 1, 20, random.between(0, scenario.lease * 2)]) {
          timeline.after(later, () => subjects.forEach((each) => expectRevokedEverywhere(each, answeredAt)));
        }
      },
      () => undefined,
    );
  }

  const happen: Record<Happening['kind'], (who: number, duration: number) => void> = {
    logout: (who) => logout(who, 1),
    'many logouts': (who) => [0, 1, 2].forEach((step) => logout(who + step, 1 + step)),
    'replica starts': start,
    'replica is killed and starts again'(who, duration) {
      processes[who % processes.length]?.kill();
      timeline.after(duration / 4, start);
    },
    'replica stalls': (who, duration) => processes[who % processes.length]?.stall(duration),
    'Redis freezes': (_, duration) => bus.freeze(duration),
    'Redis loses messages': (_, duration) => bus.lose(80, duration),
    'Redis is killed and starts empty': (_, duration) => bus.restart(duration / 4),
    'PostgreSQL restarts': (_, duration) => database.restart(duration / 4),
    'PostgreSQL is slow': (_, duration) => database.slowDown(duration / 4, duration),
    'PostgreSQL freezes': (_, duration) => database.freeze(duration),
  };
  for (const { at, kind, who, duration } of scenario.happenings) {
    timeline.at(200 + at, () => happen[kind](who, duration));
  }
  await timeline.runUntil(200 + SCENE + 1000);
  const slowestAnswer = Math.max(...processes.map((process) => process.slowestAnswer())) / scenario.lease;
  return { violations, answeredLogouts, refusedValidations, acceptedLiveTokens, slowestAnswer };
}
