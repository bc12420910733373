import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import type { TokenPair } from '../../../src/gen/web/auth/v1/token_pb.js';
import { createSession } from '../../../src/web/session/session.ts';
import type { TabMessage } from '../../../src/web/session/tabs.ts';
import { refusal, tokens } from './service.ts';

type Answer = TokenPair | Error;

/** A session of a page whose Refresh is answered by the test, and whose watch the test sets. */
function page() {
  const waiting: { resolve: (answer: Answer) => void }[] = [];
  const told: TabMessage[] = [];
  let now = 0;
  let hear: (message: TabMessage) => void = () => undefined;
  const session = createSession({
    auth: {
      async refresh() {
        const answer = await new Promise<Answer>((resolve) => waiting.push({ resolve }));
        if (answer instanceof Error) throw answer;
        return { tokens: answer } as never;
      },
    },
    tabs: { tell: (message) => told.push(message), listen: (listener) => void (hear = listener) },
    inTurn: (work) => work(),
    now: () => now,
  });
  return {
    session,
    told,
    refreshes: () => waiting.length,
    answer: (answer: Answer) => waiting.at(-1)!.resolve(answer),
    /** The how manyeth Refresh, from 1. */
    answerTo: (number: number, answer: Answer) => waiting[number - 1]!.resolve(answer),
    hear: (message: TabMessage) => hear(message),
    pass: (seconds: number) => (now += seconds * 1000),
  };
}

async function startedPage(answer: Answer) {
  const started = page();
  const start = started.session.start();
  started.answer(answer);
  await start;
  return started;
}

const away = () => new ConnectError('away', Code.Unavailable);

describe('At its start the page', () => {
  it('goes on with the session of the cookie', async () => {
    const { session, told } = await startedPage(tokens('first'));
    expect(session.state.get()).toMatchObject({
      status: 'logged-in',
      token: { userId: 'ada', roles: ['customer'], sessionId: 'session of first' },
    });
    // A refresh is nothing that other tabs have to know.
    expect(told).toEqual([]);
  });

  it('shows the login without a reason where there is no cookie', async () => {
    const { session } = await startedPage(refusal('REFRESH_TOKEN_MISSING'));
    expect(session.state.get()).toEqual({ status: 'logged-out', because: null });
  });

  it.each([
    'REFRESH_TOKEN_UNKNOWN',
    'REFRESH_TOKEN_EXPIRED',
    'REFRESH_TOKEN_REUSED',
    'REFRESH_TOKEN_BOUND',
    'SESSION_ENDED',
  ] as const)('says why the session is over: %s', async (reason) => {
    const { session } = await startedPage(refusal(reason));
    expect(session.state.get()).toEqual({ status: 'logged-out', because: reason });
  });

  it.each([
    ['no network', away()],
    ['a dependency that is away', refusal('DEPENDENCY_UNAVAILABLE', Code.Unavailable)],
    ['too many calls', refusal('RATE_LIMITED', Code.ResourceExhausted)],
    ['a defect', refusal('INTERNAL', Code.Internal)],
    ['a proof that is refused', refusal('DPOP_PROOF_INVALID')],
  ])('logs nobody out for %s, and may try again', async (_name, error) => {
    const { session, answer } = await startedPage(error);
    expect(session.state.get()).toEqual({ status: 'undecided', error });
    const again = session.start();
    answer(tokens('second'));
    await again;
    expect(session.state.get().status).toBe('logged-in');
  });
});

describe('The access token', () => {
  it('is refreshed once for all calls that wait for it', async () => {
    const { session, answer, refreshes, pass } = await startedPage(tokens('first'));
    pass(1790);
    const calls = Array.from({ length: 20 }, () => session.accessToken());
    answer(tokens('second'));
    const used = new Set((await Promise.all(calls)).map(({ accessToken }) => accessToken));
    expect([...used]).toEqual([tokens('second').accessToken]);
    expect(refreshes()).toBe(2);
  });

  it('is used as long as it is good, whatever the clock of the browser says', async () => {
    const { session, refreshes, pass } = await startedPage(tokens('first'));
    pass(1760);
    expect(await session.accessToken()).toMatchObject({ accessToken: tokens('first').accessToken });
    expect(refreshes()).toBe(1);
  });

  it('is used to its end while the service cannot renew it, and logs nobody out after that', async () => {
    const { session, answer, pass } = await startedPage(tokens('first'));
    pass(1790);
    const early = session.accessToken();
    answer(away());
    expect(await early).toMatchObject({ accessToken: tokens('first').accessToken });
    pass(20);
    const late = session.accessToken();
    answer(away());
    await expect(late).rejects.toThrow('away');
    expect(session.state.get().status).toBe('logged-in');
  });

  it('is of no use any more, whatever time it has left, when the session turns out to be over', async () => {
    const { session, answer, pass } = await startedPage(tokens('first'));
    pass(1790);
    const late = session.accessToken();
    answer(refusal('SESSION_ENDED'));
    await expect(late).rejects.toThrow('SESSION_ENDED');
  });

  it('that was refused is replaced once, however many calls were refused with it', async () => {
    const { session, answer, refreshes } = await startedPage(tokens('first'));
    const refused = await session.accessToken();
    const calls = Array.from({ length: 10 }, () => session.replace(refused));
    answer(tokens('second'));
    await Promise.all(calls);
    expect(await session.replace(refused)).toMatchObject({ accessToken: tokens('second').accessToken });
    expect(refreshes()).toBe(2);
  });

  it('of a login is not overtaken by a refresh that was on its way', async () => {
    for (const late of [tokens('of the one before'), refusal('SESSION_ENDED')]) {
      const { session, answer } = await startedPage(tokens('first'));
      const replaced = session.replace(await session.accessToken());
      session.begin(tokens('login'));
      answer(late);
      expect(await replaced).toMatchObject({ accessToken: tokens('login').accessToken });
      expect(await session.accessToken()).toEqual(await replaced);
      expect(session.state.get().status).toBe('logged-in');
    }
  });
});

describe('A refresh that is overtaken', () => {
  it('by a login in this tab says nothing about it, even where it fails', async () => {
    for (const late of [away(), refusal('REFRESH_TOKEN_MISSING'), tokens('of the one before')]) {
      const { session, answer } = page();
      const started = session.start();
      session.begin(tokens('login'));
      answer(late);
      await started;
      expect(session.state.get()).toMatchObject({ status: 'logged-in', token: { sessionId: 'session of login' } });
    }
  });

  it('at the start by a logout in another tab logs nobody in', async () => {
    const { session, hear, answer } = page();
    const started = session.start();
    hear({ type: 'logged-out' });
    answer(tokens('first'));
    await started;
    expect(session.state.get()).toEqual({ status: 'logged-out', because: null });
  });

  it('at the start by the login of somebody else in another tab is followed by one for him', async () => {
    const { session, hear, answerTo, refreshes } = page();
    const started = session.start();
    hear({ type: 'logged-in', userId: 'bob' });
    // Not at the same time: the cookie of the answer that comes last would stay.
    expect(refreshes()).toBe(1);
    answerTo(1, tokens('of ada'));
    await started;
    expect(session.state.get()).toEqual({ status: 'starting' });
    await expect.poll(refreshes).toBe(2);
    answerTo(2, tokens('of bob', { userId: 'bob' }));
    await expect.poll(() => session.state.get()).toMatchObject({ status: 'logged-in', token: { userId: 'bob' } });
  });

  it('by the login of somebody else gives his token to no call of the one before', async () => {
    const { session, hear, answerTo, refreshes } = await startedPage(tokens('first'));
    const replaced = session.replace(await session.accessToken());
    hear({ type: 'logged-in', userId: 'bob' });
    answerTo(2, tokens('second'));
    await expect(replaced).rejects.toThrow('not logged in any more');
    await expect.poll(refreshes).toBe(3);
    answerTo(3, tokens('of bob', { userId: 'bob' }));
    await expect.poll(() => session.state.get()).toMatchObject({ status: 'logged-in', token: { userId: 'bob' } });
  });

  it('by a new login of the same person elsewhere is asked again: the end of his session before is none of the new one', async () => {
    const { session, hear, answerTo, refreshes } = await startedPage(tokens('first'));
    const replaced = session.replace(await session.accessToken());
    hear({ type: 'logged-in', userId: 'ada' });
    answerTo(2, refusal('SESSION_ENDED'));
    await expect.poll(refreshes).toBe(3);
    answerTo(3, tokens('third'));
    expect(await replaced).toMatchObject({ accessToken: tokens('third').accessToken });
  });
});

describe('A person', () => {
  it('gets no token of another one, whom the cookie has turned out to belong to', async () => {
    const { session, answer } = await startedPage(tokens('first'));
    const replaced = session.replace(await session.accessToken());
    answer(tokens('of bob', { userId: 'bob' }));
    await expect(replaced).rejects.toThrow('not logged in any more');
    expect(session.state.get()).toMatchObject({ status: 'logged-in', token: { userId: 'bob' } });
  });

  it('who is not logged in asks for nothing', async () => {
    const { session, refreshes } = await startedPage(refusal('REFRESH_TOKEN_MISSING'));
    await expect(session.accessToken()).rejects.toThrow('Nobody is logged in.');
    expect(refreshes()).toBe(1);
  });
});

describe('Tabs', () => {
  it('hear of a login and of a logout', async () => {
    const { session, told } = await startedPage(refusal('REFRESH_TOKEN_MISSING'));
    session.begin(tokens('login'));
    session.end();
    expect(told).toEqual([{ type: 'logged-in', userId: 'ada' }, { type: 'logged-out' }]);
  });

  it('are logged out together, and do not tell it on', async () => {
    const { session, hear, told } = await startedPage(tokens('first'));
    hear({ type: 'logged-out' });
    expect(session.state.get()).toEqual({ status: 'logged-out', because: null });
    expect(told).toEqual([]);
  });

  it('take over the session of somebody else who has logged in, and keep their own for the same person', async () => {
    const { session, hear, answer, refreshes } = await startedPage(tokens('first'));
    hear({ type: 'logged-in', userId: 'ada' });
    expect(refreshes()).toBe(1);
    hear({ type: 'logged-in', userId: 'bob' });
    expect(session.state.get().status).toBe('starting');
    answer(tokens('of bob', { userId: 'bob' }));
    await expect.poll(() => session.state.get()).toMatchObject({ status: 'logged-in', token: { userId: 'bob' } });
  });
});
