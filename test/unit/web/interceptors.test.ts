import { createClient } from '@connectrpc/connect';
import type { ConnectRouter, HandlerContext, Interceptor } from '@connectrpc/connect';
import { generateKeyPair } from 'dpop';
import { calculateJwkThumbprint, decodeProtectedHeader, EmbeddedJWK, exportJWK, jwtVerify } from 'jose';
import { describe, expect, it } from 'vitest';
import { AuthService } from '../../../src/gen/web/auth/v1/auth_service_pb.js';
import { SessionsService } from '../../../src/gen/web/auth/v1/sessions_service_pb.js';
import { failureOf } from '../../../src/web/calls/failure.ts';
import { lostAnswers } from '../../../src/web/calls/lost-answers.ts';
import { createRecentLogin } from '../../../src/web/calls/recent-login.ts';
import { createAccessToken, createKeepTokens } from '../../../src/web/session/access-token.ts';
import { holdToken } from '../../../src/web/session/held-token.ts';
import type { SessionState } from '../../../src/web/session/session.ts';
import { createStore } from '../../../src/web/store.ts';
import { cookieTransport } from '../../../src/web/session/cookie-transport.ts';
import { createKeyStore } from '../../../src/web/session/key-store.ts';
import { createProofs } from '../../../src/web/session/proofs.ts';
import { refusal, tokens, transportTo } from './service.ts';

/** Clients whose calls pass the interceptors, and the headers with which they have come. */
function clients(interceptors: Interceptor[], refuse: (context: HandlerContext, call: number) => Error | undefined) {
  const seen: Headers[] = [];
  const handle = <T>(answer: T) => {
    return (_request: unknown, context: HandlerContext): T => {
      seen.push(context.requestHeader);
      const error = refuse(context, seen.length);
      if (error) throw error;
      return answer;
    };
  };
  const routes = (router: ConnectRouter) => {
    router.rpc(AuthService.method.login, handle({ tokens: tokens('login') }));
    router.rpc(AuthService.method.refresh, handle({ tokens: tokens('refresh') }));
    router.rpc(AuthService.method.startCodeLogin, handle({ handle: 'h' }));
    router.rpc(SessionsService.method.listSessions, handle({}));
    router.rpc(SessionsService.method.endOtherSessions, handle({}));
  };
  const transport = transportTo(routes, interceptors);
  return { auth: createClient(AuthService, transport), sessions: createClient(SessionsService, transport), seen };
}

const keyPair = generateKeyPair('ES256');
const noRefusal = () => undefined;

describe('Proofs', () => {
  it('go with calls that give out tokens, and with no others', async () => {
    const { auth, sessions, seen } = clients([createProofs(() => keyPair)], noRefusal);
    await auth.login({});
    await auth.refresh({});
    await auth.startCodeLogin({});
    await sessions.listSessions({});
    expect(seen.map((headers) => headers.has('dpop'))).toEqual([true, true, false, false]);
  });

  it('are those of RFC 9449: a signature over this call by the key', async () => {
    const { auth, seen } = clients([createProofs(() => keyPair)], noRefusal);
    await auth.login({});
    await auth.login({});
    const [proof, other] = seen.map((headers) => headers.get('dpop') ?? '');
    const { payload, protectedHeader } = await jwtVerify(proof!, EmbeddedJWK, {
      typ: 'dpop+jwt',
      algorithms: ['ES256'],
    });
    expect(payload).toMatchObject({ htm: 'POST', htu: 'https://auth.example.com/auth.v1.AuthService/Login' });
    expect(Math.abs(payload.iat! - Date.now() / 1000)).toBeLessThan(10);
    const own = await calculateJwkThumbprint(await exportJWK((await keyPair).publicKey));
    expect(await calculateJwkThumbprint(protectedHeader.jwk!)).toBe(own);
    expect(decodeProtectedHeader(proof!).jwk).not.toHaveProperty('d');
    // Each has an id of its own.
    expect(payload.jti).not.toBe((await jwtVerify(other!, EmbeddedJWK)).payload.jti);
  });

  it('are repeated once with the nonce that the service asks for, and carry the latest one from then on', async () => {
    const { auth, seen } = clients([createProofs(() => keyPair)], ({ responseHeader }, call) => {
      if (call === 1) return refusal('DPOP_NONCE_REQUIRED', undefined, { 'dpop-nonce': 'one' });
      responseHeader.set('dpop-nonce', `nonce of answer ${call}`);
      return undefined;
    });
    await auth.login({});
    await auth.refresh({});
    const nonces = seen.map((headers) => nonceOf(headers));
    expect(nonces).toEqual([undefined, 'one', 'nonce of answer 2']);
  });

  it('are not repeated a second time', async () => {
    const { auth, seen } = clients([createProofs(() => keyPair)], () =>
      refusal('DPOP_NONCE_REQUIRED', undefined, { 'dpop-nonce': 'one' }),
    );
    await expect(auth.login({})).rejects.toThrow('DPOP_NONCE_REQUIRED');
    expect(seen).toHaveLength(2);
  });

  function nonceOf(headers: Headers): unknown {
    const [, payload = ''] = (headers.get('dpop') ?? '').split('.');
    return JSON.parse(Buffer.from(payload, 'base64url').toString()).nonce;
  }
});

describe('Access tokens', () => {
  const held = (name: string) => holdToken(tokens(name), 0);
  const bearer = (name: string) => `Bearer ${tokens(name).accessToken}`;
  const session = { accessToken: async () => held('first'), replace: async () => held('second') };

  it('go with calls that need one, and with no others', async () => {
    const { auth, sessions, seen } = clients([createAccessToken(session)], noRefusal);
    await auth.login({});
    await sessions.listSessions({});
    expect(seen.map((headers) => headers.get('authorization'))).toEqual([null, bearer('first')]);
  });

  it.each([
    ...(['TOKEN_EXPIRED', 'TOKEN_REVOKED', 'TOKEN_KEY_UNKNOWN'] as const),
    ...(['TOKEN_SIGNATURE_INVALID', 'TOKEN_CLAIMS_INVALID', 'TOKEN_MALFORMED'] as const),
  ])('are replaced once when they are refused with %s', async (reason) => {
    const passed = clients([createAccessToken(session)], (_context, call) =>
      call === 1 ? refusal(reason) : undefined,
    );
    await passed.sessions.listSessions({});
    expect(passed.seen.map((headers) => headers.get('authorization'))).toEqual([bearer('first'), bearer('second')]);

    const refused = clients([createAccessToken(session)], () => refusal(reason));
    await expect(refused.sessions.listSessions({})).rejects.toThrow(reason);
    expect(refused.seen).toHaveLength(2);
  });

  it('are not replaced for any other refusal', async () => {
    const { sessions, seen } = clients([createAccessToken(session)], () => refusal('PERMISSION_REQUIRED'));
    await expect(sessions.listSessions({})).rejects.toThrow('PERMISSION_REQUIRED');
    expect(seen).toHaveLength(1);
  });

  it('are kept from whatever call gives them out', async () => {
    const begun: string[] = [];
    const keepTokens = createKeepTokens({ begin: ({ sessionId }) => begun.push(sessionId) });
    const { auth, sessions } = clients([keepTokens], noRefusal);
    await auth.login({});
    await auth.startCodeLogin({});
    await sessions.listSessions({});
    expect(begun).toEqual(['session of login']);
  });
});

it('Every call asks for the refresh token in the cookie', async () => {
  const { auth, sessions, seen } = clients([cookieTransport], noRefusal);
  await auth.refresh({});
  await sessions.listSessions({});
  expect(seen.map((headers) => headers.get('x-token-transport'))).toEqual(['cookie', 'cookie']);
});

describe('A call that needs a recent login', () => {
  const onceRefused = (_context: HandlerContext, call: number) =>
    call <= 2 ? refusal('RECENT_LOGIN_REQUIRED') : undefined;

  const loggedIn = (userId: string): SessionState => ({
    status: 'logged-in',
    token: holdToken(tokens(`of ${userId}`, { userId }), 0),
  });
  const newSession = () => ({ state: createStore<SessionState>(loggedIn('ada')) });

  it('asks once, however many calls do, and is repeated after it', async () => {
    const session = newSession();
    const { interceptor, question } = createRecentLogin(session);
    const { sessions, seen } = clients([interceptor], onceRefused);
    const calls = [sessions.listSessions({}), sessions.listSessions({})];
    await expect.poll(() => seen.length).toBe(2);
    // The login itself.
    session.state.set(loggedIn('ada'));
    question.get()?.answer(true);
    await Promise.all(calls);
    expect(seen).toHaveLength(4);
    expect(question.get()).toBeNull();
  });

  it('is refused for whoever does not want to, and asks again the next time', async () => {
    const { interceptor, question } = createRecentLogin(newSession());
    const { sessions, seen } = clients([interceptor], onceRefused);
    for (const call of [1, 2]) {
      const refused = sessions.listSessions({});
      await expect.poll(() => question.get()).not.toBeNull();
      question.get()?.answer(false);
      await expect(refused).rejects.toThrow('RECENT_LOGIN_REQUIRED');
      expect(seen).toHaveLength(call);
    }
  });

  it.each<[string, SessionState]>([
    ['has logged out', { status: 'logged-out', because: null }],
    ['has made room for somebody else', { status: 'starting' }],
    ['is somebody else now', loggedIn('bob')],
  ])('is refused, and the question gone with him, when the person %s', async (_name, next) => {
    const session = newSession();
    const { interceptor, question } = createRecentLogin(session);
    const { sessions, seen } = clients([interceptor], onceRefused);
    const refused = sessions.listSessions({});
    await expect.poll(() => question.get()).not.toBeNull();
    const asked = question.get();
    session.state.set(next);
    expect(question.get()).toBeNull();
    // Somebody else, who finds the dialog, answers it.
    session.state.set(loggedIn('bob'));
    asked?.answer(true);
    await expect(refused).rejects.toThrow('RECENT_LOGIN_REQUIRED');
    expect(seen).toHaveLength(1);
  });

  it('asks nobody but the one who has made it', async () => {
    const session = newSession();
    const { interceptor, question } = createRecentLogin(session);
    const { sessions } = clients([interceptor], () => {
      session.state.set(loggedIn('bob'));
      return refusal('RECENT_LOGIN_REQUIRED');
    });
    await expect(sessions.listSessions({})).rejects.toThrow('RECENT_LOGIN_REQUIRED');
    expect(question.get()).toBeNull();
  });
});

describe('A call without an answer', () => {
  const failed = async (call: Promise<unknown>) =>
    failureOf(
      await call.then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  const lost = () => new TypeError('Failed to fetch');

  it('may have been done, where it changes something', async () => {
    const { auth, sessions } = clients([lostAnswers], lost);
    expect(await failed(auth.startCodeLogin({}))).toMatchObject({ reason: null, isOutcomeUnknown: true });
    expect(await failed(sessions.listSessions({}))).toMatchObject({ reason: null, isOutcomeUnknown: false });
  });

  it('was not done, where it was refused', async () => {
    const { auth } = clients([lostAnswers], () => refusal('RATE_LIMITED'));
    expect(await failed(auth.startCodeLogin({}))).toMatchObject({ reason: 'RATE_LIMITED', isOutcomeUnknown: false });
  });

  it('was not even sent, where no access token could be had', async () => {
    const session = { accessToken: () => Promise.reject(lost()), replace: () => Promise.reject(lost()) };
    const { sessions, seen } = clients([createAccessToken(session), lostAnswers], noRefusal);
    expect(await failed(sessions.endOtherSessions({}))).toMatchObject({ reason: null, isOutcomeUnknown: false });
    expect(seen).toEqual([]);
  });
});

describe('A key that the storage of the browser did not give', () => {
  it('is not kept: storage is asked again, with the same one', async () => {
    const offered: unknown[] = [];
    const kept = await generateKeyPair('ES256');
    const keys = createKeyStore(async (made) => {
      offered.push(made);
      if (offered.length < 3) throw new Error('The disk is busy.');
      return kept;
    });
    const own = await keys();
    expect(await keys()).toBe(own);
    expect(await Promise.all([keys(), keys()])).toEqual([kept, kept]);
    expect(await keys()).toBe(kept);
    expect(offered).toEqual([own, own, own]);
  });

  it('is followed by the one that is there again, when a refresh token is bound to that', async () => {
    const [own, kept] = await Promise.all([keyPair, generateKeyPair('ES256')]);
    let isBusy = true;
    const proofs = createProofs(async () => (isBusy ? own : kept));
    const { auth, seen } = clients([proofs], (_context, call) => {
      isBusy = false;
      return call === 1 ? refusal('REFRESH_TOKEN_BOUND') : undefined;
    });
    await auth.refresh({});
    const used = seen.map((headers) => decodeProtectedHeader(headers.get('dpop') ?? '').jwk!);
    const thumbprints = await Promise.all(used.map((jwk) => calculateJwkThumbprint(jwk)));
    const of = async ({ publicKey }: typeof own) => await calculateJwkThumbprint(await exportJWK(publicKey));
    expect(thumbprints).toEqual([await of(own), await of(kept)]);

    const bound = clients([createProofs(async () => own)], () => refusal('REFRESH_TOKEN_BOUND'));
    await expect(bound.auth.refresh({})).rejects.toThrow('REFRESH_TOKEN_BOUND');
    expect(bound.seen).toHaveLength(1);
  });
});
