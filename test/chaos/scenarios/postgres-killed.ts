import { setTimeout as sleep } from 'node:timers/promises';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, newPerson, tokensOf } from '../../support/people.ts';
import { openSessions } from '../../support/sessions.ts';
import { problemOf } from '../../support/validation.ts';
import { startCluster } from '../cluster.ts';
import type { Scenario } from '../scenario.ts';

type Size = { readonly rounds: number };

const UNAVAILABLE = 'UNAVAILABLE DEPENDENCY_UNAVAILABLE';
const PATIENCE = 30_000;

/** PostgreSQL killed with kill -9 while people register, refresh and log out: what was answered with yes is kept. */
export const postgresKilled: Scenario<Size> = async ({ rounds }, { scope, random, say }) => {
  const { postgres, replicas } = await startCluster(scope, { lease: 500, replicas: 1 });
  const [replica] = replicas;
  if (!replica) throw new Error('A replica is needed.');
  const { auth, accounts } = replica.process();

  const registered: string[] = [];
  const loggedOut: { accessToken: string; refreshToken: string }[] = [];
  /** The refresh token that was answered last, by session. */
  const latest = new Map<string, string>();
  const outcomes = new Map<string, number>();

  /** Calls and notes the outcome; what it answers, if it does. */
  async function tried<T>(call: Promise<T>): Promise<T | undefined> {
    const outcome = await outcomeOf(call);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    return await call.catch(() => undefined);
  }
  async function registerPeople(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const person = newPerson();
      if (await tried(auth.register(person))) registered.push(person.secondLogin);
      else await sleep(20);
    }
  }
  async function logOut(userId: string, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const [session] = await openSessions(postgres, userId, 1).catch(() => []);
      if (!session) {
        // Asks all the same, to see what an outage looks like from outside.
        await tried(accounts.listRoles({ interface: 'customer' }));
        await sleep(20);
        continue;
      }
      const first = await tried(auth.refresh({ refreshToken: session.refreshToken }));
      if (!first) continue;
      const { accessToken, refreshToken } = tokensOf(first);
      if (await tried(auth.logout({}, bearer(accessToken)))) loggedOut.push({ accessToken, refreshToken });
    }
  }
  /** Keeps one session: lost answers are made up for by asking with the same token again, within the grace. */
  async function refreshOne(userId: string, signal: AbortSignal): Promise<void> {
    const [session] = await openSessions(postgres, userId, 1);
    if (!session) return;
    latest.set(session.sessionId, session.refreshToken);
    while (!signal.aborted) {
      const answer = await tried(auth.refresh({ refreshToken: latest.get(session.sessionId) ?? '' }));
      if (answer) latest.set(session.sessionId, tokensOf(answer).refreshToken);
      else await sleep(20);
    }
  }
  async function until(what: string, condition: () => boolean): Promise<void> {
    const deadline = performance.now() + PATIENCE;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`${what}: it did not come true.`);
      await sleep(10);
    }
  }

  const { userId } = await auth.register(newPerson());
  for (let round = 1; round <= rounds; round += 1) {
    const stop = new AbortController();
    const before = { registered: registered.length, loggedOut: loggedOut.length };
    const writing = Promise.all([
      registerPeople(stop.signal),
      logOut(userId, stop.signal),
      logOut(userId, stop.signal),
      refreshOne(userId, stop.signal),
    ]);
    writing.catch(() => undefined);
    const hasWritten = () => registered.length > before.registered + 1 && loggedOut.length > before.loggedOut + 3;
    await until('writing', hasWritten);
    await postgres.kill();
    await sleep(random.between(0, 600));
    await postgres.start();
    const after = { registered: registered.length, loggedOut: loggedOut.length };
    // It goes on without a restart of its own.
    await until('going on', () => registered.length > after.registered && loggedOut.length > after.loggedOut);
    stop.abort();
    await writing;
    if (round % 5 === 0)
      say(`${round} of ${rounds} kills, ${registered.length} registrations, ${loggedOut.length} logouts`);
  }

  const rows = await postgres.query<{ value: string }>(
    'select c.value from accounts.user_contacts c where c.value = any ($1)',
    [registered],
  );
  const kept = new Set(rows.map(({ value }) => value));
  const lost = registered.filter((login) => !kept.has(login)).length;
  const login = await outcomeOf(auth.login({ login: registered[0] ?? '', password: PASSWORD }));
  const revived = await count(loggedOut, ({ accessToken }) => problemOf({ auth }, accessToken), 'TOKEN_REVOKED');
  const refreshed = await count(
    loggedOut,
    ({ refreshToken }) => outcomeOf(auth.refresh({ refreshToken })),
    'UNAUTHENTICATED SESSION_ENDED',
  );
  const ended = await count([...latest.values()], (refreshToken) => outcomeOf(auth.refresh({ refreshToken })), 'OK');
  const strange = [...outcomes.keys()].filter((outcome) => outcome !== 'OK' && outcome !== UNAVAILABLE);

  return {
    counts: {
      kills: rounds,
      registrations: registered.length,
      logouts: loggedOut.length,
      refused_meanwhile: outcomes.get(UNAVAILABLE) ?? 0,
      acknowledged_and_lost: lost + revived + refreshed,
    },
    problems: [
      ...(lost > 0 ? [`${lost} registrations were answered and lost`] : []),
      ...(login === 'OK' ? [] : [`somebody who has registered cannot log in: ${login}`]),
      ...(revived > 0 ? [`${revived} access tokens live after their logout was answered`] : []),
      ...(refreshed > 0 ? [`${refreshed} refresh tokens do not say that their session has ended`] : []),
      ...(ended > 0 ? [`${ended} of ${latest.size} sessions cannot be refreshed any more`] : []),
      ...strange.map((outcome) => `${outcomes.get(outcome)} x ${outcome} during an outage`),
    ],
  };
};

/** How many of the answers are others than expected; twenty questions at a time. */
async function count<T>(items: readonly T[], ask: (item: T) => Promise<string | null>, expected: string) {
  let others = 0;
  for (let first = 0; first < items.length; first += 20) {
    const answers = await Promise.all(items.slice(first, first + 20).map(ask));
    others += answers.filter((answer) => answer !== expected).length;
  }
  return others;
}
