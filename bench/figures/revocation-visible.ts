import { Metadata } from 'nice-grpc';
import type { Figure, Place } from '../figure.ts';
import { median } from '../rounds/median.ts';
import { mintAccessTokens } from '../scene/mint-access-tokens.ts';
import { openSessions } from '../scene/open-sessions.ts';
import { registerPeople } from '../scene/register-people.ts';
import { startService } from '../servers/service.ts';
import type { Service } from '../servers/service.ts';
import { startWatcher } from '../watchers/watcher.ts';
import type { Watcher } from '../watchers/watcher.ts';

const VERIFIERS = 50;
const WATCHERS = 2;
const LOGOUTS = 40;
const ROUNDS = 5;

export const revocationVisible: Figure = {
  name: 'revocation_visible_p99_ms',
  about: "from Logout's answer to the refusal by each of 50 local verifiers in two processes, on two replicas",
  atMost: 100,
  async measure(place) {
    const service = await startService(place);
    const other = await startService(place, { core: place.pinning.load });
    const watchers = await startWatchers(place, [service.port, other.port]);
    const accessTokens = await openLiveSessions(service, (ROUNDS + 1) * LOGOUTS);

    const rounds: { p50: number; p99: number; logout: number }[] = [];
    for (let round = 0; round <= ROUNDS; round++) {
      const times: number[] = [];
      const logouts: number[] = [];
      for (let index = 0; index < LOGOUTS; index++) {
        const accessToken = accessTokens[round * LOGOUTS + index] ?? '';
        const { after, took } = await logOut(index % 2 === 0 ? service : other, watchers, accessToken);
        times.push(...after);
        logouts.push(took);
      }
      const sorted = times.toSorted((a, b) => a - b);
      const at = (share: number) => sorted[Math.floor(sorted.length * share)] ?? Number.NaN;
      // The first round warms up.
      if (round === 0) continue;
      rounds.push({ p50: at(0.5), p99: at(0.99), logout: median(logouts) });
      place.say(`${round} of ${ROUNDS}: p50 ${at(0.5).toFixed(1)} ms, p99 ${at(0.99).toFixed(1)} ms`);
    }
    const p99s = rounds.map(({ p99 }) => p99);
    return {
      value: median(p99s),
      unit: 'ms',
      spread: [Math.min(...p99s), Math.max(...p99s)],
      details: {
        p50_ms: median(rounds.map(({ p50 }) => p50)),
        logout_ms: median(rounds.map(({ logout }) => logout)),
        verifiers: VERIFIERS,
        logouts: ROUNDS * LOGOUTS,
      },
    };
  },
};

/** Half of each watcher's verifiers follow one replica, half the other. */
async function startWatchers(place: Place, ports: readonly [number, number]): Promise<Watcher[]> {
  const own = Array.from({ length: VERIFIERS / WATCHERS }, (_, index) => ports[index % 2 === 0 ? 0 : 1]);
  return await Promise.all(Array.from({ length: WATCHERS }, () => startWatcher(place, place.pinning.load, own)));
}

/** An access token of each of so many sessions. */
async function openLiveSessions({ auth, config }: Service, count: number): Promise<string[]> {
  const [person] = await registerPeople(auth, 1);
  if (!person) throw new Error('Nobody has registered.');
  const firstHash = () => '0'.repeat(64);
  const sessionIds = await openSessions({ config, userId: person.userId, count, firstHash });
  return await mintAccessTokens(config, person.accessToken, sessionIds);
}

/** @returns milliseconds that Logout took, and after which each verifier refused: 0 where that was before its answer */
async function logOut({ auth }: Pick<Service, 'auth'>, watchers: readonly Watcher[], accessToken: string) {
  await Promise.all(watchers.map((watcher) => watcher.watch(accessToken)));
  const metadata = Metadata({ authorization: `Bearer ${accessToken}` });
  const calledAt = process.hrtime.bigint();
  const { endedSessions } = await auth.logout({}, { metadata });
  // One clock for all processes of a machine: CLOCK_MONOTONIC.
  const answeredAt = process.hrtime.bigint();
  if (endedSessions !== 1) throw new Error(`A logout ended ${endedSessions} sessions.`);
  const refusedAt = await Promise.all(watchers.map((watcher) => watcher.refusals()));
  const milliseconds = (from: bigint, to: bigint) => Number(to - from) / 1e6;
  return {
    took: milliseconds(calledAt, answeredAt),
    after: refusedAt.flat().map((at) => Math.max(0, milliseconds(answeredAt, at))),
  };
}
