import { createValidateToken } from '../../../src/auth/validate-token.ts';
import type { Clock, Delay } from '../../../src/clock.ts';
import { createAnnouncer } from '../../../src/revocation/announcer.ts';
import { createConfirmRevocation } from '../../../src/revocation/confirm.ts';
import { createReplica } from '../../../src/revocation/replica.ts';
import type { Replica, ReplicaDeps } from '../../../src/revocation/replica.ts';
import { createRevocationView } from '../../../src/revocation/view.ts';
import type { RevocationView } from '../../../src/revocation/view.ts';
import type { SigningKey } from '../../../src/tokens/signing-key.ts';
import type { SimulatedDatabase } from './database.ts';
import type { MessageBus } from './message-bus.ts';
import type { Random } from './random.ts';
import type { Timeline } from './timeline.ts';

/** Ways to build the protocol wrongly, each of which the simulation must find. */
export type Flaws = {
  /** The lease begins when the answer arrives. */
  readonly leaseFromAnswer?: boolean;
  /** A view is used however old it is. */
  readonly noLeaseCheck?: boolean;
  /** A revoker does not wait for replicas that it hears nothing of. */
  readonly noWaiting?: boolean;
  /** A revoker that cannot announce, because Redis is away, takes it that everybody knows. */
  readonly noWaitWithoutRedis?: boolean;
  /** A token that was once found not revoked is not looked up again, however far the view has gone on. */
  readonly memoWithoutRevision?: boolean;
  /** A view says that it knows a revision before it does. */
  readonly revisionBeforeEntries?: boolean;
  /** A revoker waits for as long as its own lease is set to. */
  readonly waitsOwnLease?: boolean;
  /** A replica joins without waiting for revokers under way. */
  readonly registersWithoutLock?: boolean;
  /** A replica that was taken off the list is granted leases all the same. */
  readonly grantsToAnybody?: boolean;
  /** A replica that was taken off the list comes back on it by a touch, without waiting for revokers under way. */
  readonly touchesAnybody?: boolean;
};

/** A process of the service: the real protocol on a simulated event loop, clock, database and bus. */
export type SimulatedProcess = ReturnType<typeof startProcess>;

type World = {
  readonly timeline: Timeline;
  readonly random: Random;
  readonly database: SimulatedDatabase;
  readonly bus: MessageBus;
  readonly lease: number;
  readonly flaws: Flaws;
};

/** As the pools are set, for leases and for calls; milliseconds. */
const LEASE_CALL_TIMEOUT = 900;
const CALL_TIMEOUT = 10_000;

export function startProcess({ timeline, random, database, bus, lease, flaws }: World) {
  let isAlive = true;
  let stalledUntil = 0;
  let slowestAnswer = 0;
  const isStalled = () => timeline.now() < stalledUntil;

  /** Runs on this process's event loop: later, if it is stalled, and never, if it is dead. */
  function deliver(what: () => void): void {
    if (!isAlive) return;
    if (isStalled()) timeline.at(stalledUntil + random.between(0, 0.01), () => deliver(what));
    else what();
  }

  // A good clock errs by less than a hundredth of this.
  const rate = random.between(0.985, 1.015);
  const offset = random.between(0, 1e9);
  const clock: Clock = { monotonic: () => offset + timeline.now() * rate, now: () => 1.7e12 };
  const delay: Delay = (milliseconds, signal) =>
    new Promise((resolve) => {
      timeline.after(milliseconds / rate, () => deliver(resolve));
      signal.addEventListener('abort', () => resolve(), { once: true });
    });

  const call = <T>(work: () => Promise<T>, patience: number) =>
    new Promise<T>((resolve, reject) =>
      database.call(work, patience, {
        resolve: (value) => deliver(() => resolve(value)),
        reject: (error) => deliver(() => reject(error)),
      }),
    );
  let answeredAt = Number.NEGATIVE_INFINITY;
  const auth: ReplicaDeps['auth'] = {
    registerReplica: (registration) => call(() => database.register(registration), LEASE_CALL_TIMEOUT),
    touchReplica: (id) => call(() => database.touch(id), LEASE_CALL_TIMEOUT),
    forgetReplica: (id) => call(() => database.forget(id), LEASE_CALL_TIMEOUT),
    async readRevocations(input) {
      const answer = await call(() => database.read(input), LEASE_CALL_TIMEOUT);
      if (answer.isRegistered) answeredAt = clock.monotonic();
      return answer;
    },
  };

  const soundView = createRevocationView({ clock, tokenLifetime: 1_800_000 });
  const view = flaws.revisionBeforeEntries
    ? withRevisionBeforeEntries(soundView, (what) => timeline.after(3, what))
    : soundView;
  const onProblem = () => undefined;
  const sound = createReplica({
    auth,
    view,
    clock,
    delay,
    lease,
    tokenLifetime: 1_800_000,
    onKeysChanged: async () => undefined,
    onProblem,
  });
  const replica: Replica = {
    ...sound,
    ...(flaws.leaseFromAnswer ? { isFresh: () => clock.monotonic() < answeredAt + lease } : {}),
    ...(flaws.noLeaseCheck ? { isFresh: () => true } : {}),
  };

  const connection = bus.connect();
  const soundAnnouncer = createAnnouncer({
    bus: {
      publish: (channel, message) =>
        new Promise((resolve, reject) => {
          connection.publish(channel, message).then(
            () => deliver(resolve),
            () => deliver(() => reject(new Error('Command timed out'))),
          );
        }),
      subscribe: (_channels, onMessage) =>
        connection.subscribe((channel, message) => deliver(() => onMessage(channel, message))),
    },
    replicaId: replica.id,
    learn: replica.learn,
    onProblem,
  });
  const announcer: typeof soundAnnouncer = flaws.noWaitWithoutRedis
    ? { ...soundAnnouncer, announce: (...what) => soundAnnouncer.announce(...what).catch(() => undefined) }
    : soundAnnouncer;
  const soundConfirm = createConfirmRevocation({ replica, announcer, delay });
  const confirm: typeof soundConfirm = (committed) =>
    soundConfirm({
      ...committed,
      ...(flaws.noWaiting ? { longestLease: 0 } : {}),
      ...(flaws.waitsOwnLease ? { longestLease: lease } : {}),
    });
  const validateToken = createValidateToken({
    verify: (sessionId) => ({
      sessionId,
      tokenId: sessionId,
      userId: '',
      roles: [],
      issuedAt: 0,
      expiresAt: 0,
      kid: '',
    }),
    replica,
    revocations: flaws.memoWithoutRevision ? withMemo(view) : view,
    withCurrentRoles: (token) => token,
    keys: { find: () => ({}) as SigningKey },
    noteActivity: () => undefined,
  });

  let isServing = false;
  async function start(): Promise<void> {
    // A start that fails ends the process; whatever runs it starts it again.
    for (;;) {
      try {
        await replica.start();
        announcer.start();
        isServing = true;
        return;
      } catch {
        await delay(100, new AbortController().signal);
      }
    }
  }
  void start();

  return {
    isServing: () => isAlive && isServing,
    isStalled,
    /** Resolves with whether the token is accepted; rejects when this process cannot know. */
    validate: (sessionId: string) =>
      new Promise<boolean>((resolve, reject) =>
        deliver(
          () =>
            void Promise.resolve(validateToken.one(sessionId, 'lease')).then(
              ({ validation }) => resolve(typeof validation !== 'string'),
              reject,
            ),
        ),
      ),
    /** As Logout does it: commit, then confirm. */
    async revoke(subjects: readonly string[]): Promise<void> {
      const committed = await call(() => database.revoke(subjects), CALL_TIMEOUT);
      const committedAt = timeline.now();
      await confirm(committed);
      if (stalledUntil < committedAt) slowestAnswer = Math.max(slowestAnswer, timeline.now() - committedAt);
    },
    /** The longest time between a commit and the answer, in milliseconds; stalls of this process left out. */
    slowestAnswer: () => slowestAnswer,
    stall(duration: number) {
      stalledUntil = Math.max(stalledUntil, timeline.now() + duration);
    },
    kill() {
      isAlive = false;
    },
  };
}

function withMemo(view: RevocationView): Pick<RevocationView, 'isRevoked' | 'revision'> {
  const notRevoked = new Set<string>();
  return {
    revision: view.revision,
    isRevoked(token) {
      if (notRevoked.has(token.tokenId)) return false;
      const isRevoked = view.isRevoked(token);
      if (!isRevoked) notRevoked.add(token.tokenId);
      return isRevoked;
    },
  };
}

function withRevisionBeforeEntries(view: RevocationView, later: (what: () => void) => void): RevocationView {
  return {
    ...view,
    apply(entries, revision) {
      view.apply([], revision);
      later(() => view.apply(entries, revision));
    },
  };
}
