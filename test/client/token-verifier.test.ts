import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { VerificationUnavailableError, createTokenVerifier } from '../../src/client/client.ts';
import type { TokenVerifier, TokenVerifierOptions, Verification } from '../../src/client/client.ts';
import {
  durationOf,
  scriptedKey,
  scriptedToken,
  sessionRevocation,
  startScriptedAuthService,
} from './support/scripted-auth-service.ts';
import type { ScriptedAuthService } from './support/scripted-auth-service.ts';

let service: ScriptedAuthService;
let opened: TokenVerifier[];
let problems: unknown[];
beforeEach(async () => {
  service = await startScriptedAuthService();
  opened = [];
  problems = [];
});
afterEach(async () => {
  await Promise.all(opened.map((verifier) => verifier.close()));
  service.stop();
});

function open(options: Partial<TokenVerifierOptions> = {}): TokenVerifier {
  const verifier = createTokenVerifier({
    address: service.address,
    onProblem: (error) => problems.push(error),
    ...options,
  });
  opened.push(verifier);
  return verifier;
}

async function openReady(options: Partial<TokenVerifierOptions> = {}): Promise<TokenVerifier> {
  const verifier = open(options);
  await verifier.ready(AbortSignal.timeout(10_000));
  return verifier;
}

/** An answer that was given without a promise. */
function atOnce(verification: Verification | Promise<Verification>): Verification {
  if (verification instanceof Promise) throw new Error('The verifier had to ask.');
  return verification;
}
async function outcomeOf(verify: () => Verification | Promise<Verification>): Promise<string | undefined> {
  try {
    return (await verify()).problem?.reason;
  } catch (error) {
    if (error instanceof VerificationUnavailableError) return 'unavailable';
    throw error;
  }
}

const reasonOf = async (verification: Verification | Promise<Verification>) => (await verification).problem?.reason;
const rejection = (verifier: TokenVerifier, token: string) =>
  (async () => await verifier.verify(token))().then(
    (answer) => ({ answer }),
    (error: unknown) => error,
  );

describe('A token verifier', () => {
  it('accepts a live token at once, and says whom it speaks for', async () => {
    const verifier = await openReady();
    const { token, userId, sessionId, tokenId } = scriptedToken(service.key);
    const { principal, isStale } = atOnce(verifier.verify(token));
    expect(principal).toMatchObject({ userId, sessionId, tokenId, roles: ['customer'] });
    expect(isStale).toBe(false);
    expect(service.counts.validations).toBe(0);
  });

  it('hands out what no caller can change for another', async () => {
    const verifier = await openReady();
    const { token } = scriptedToken(service.key);
    const { principal } = atOnce(verifier.verify(token));
    expect(() => (principal?.roles as string[]).push('superadmin')).toThrow(TypeError);
    expect(() => Object.assign(principal ?? {}, { userId: 'other' })).toThrow(TypeError);
  });

  it.each<[string, (key: ScriptedAuthService['key']) => string, string]>([
    ['expired', (key) => scriptedToken(key, { iat: 1, exp: 100 }).token, 'TOKEN_EXPIRED'],
    ['meant for another audience', (key) => scriptedToken(key, { aud: 'other' }).token, 'TOKEN_CLAIMS_INVALID'],
    [
      'signed with another key of the same name',
      (key) => scriptedToken(scriptedKey(key.kid)).token,
      'TOKEN_SIGNATURE_INVALID',
    ],
    ['none', () => 'rubbish', 'TOKEN_MALFORMED'],
    ['nothing', () => '', 'TOKEN_MALFORMED'],
  ])('refuses at once a token that is %s', async (_name, makeToken, reason) => {
    const verifier = await openReady();
    expect(atOnce(verifier.verify(makeToken(service.key))).problem).toMatchObject({ reason });
    expect(service.counts.validations).toBe(0);
  });

  it('refuses the tokens of a session from the moment its revocation arrives, remembered or not', async () => {
    const verifier = await openReady();
    const [known, unseen] = [scriptedToken(service.key), scriptedToken(service.key)];
    expect(atOnce(verifier.verify(known.token)).principal).toBeDefined();
    service.revoke(known.sessionId, unseen.sessionId);
    await vi.waitFor(() => expect(verifier.revision()).toBe(2));
    for (const { token } of [known, unseen]) {
      expect(atOnce(verifier.verify(token)).problem?.reason).toBe('TOKEN_REVOKED');
    }
  });

  it('refuses tokens of a key at once when it is withdrawn, remembered or not', async () => {
    const verifier = await openReady();
    const [known, unseen] = [scriptedToken(service.key), scriptedToken(service.key)];
    expect(atOnce(verifier.verify(known.token)).principal).toBeDefined();
    service.script.keys = [scriptedKey()];
    service.script.validate = () => 'TOKEN_KEY_UNKNOWN';
    const later = scriptedToken(service.script.keys[0]!);
    service.sendProfile();
    await vi.waitFor(() => expect(atOnce(verifier.verify(later.token)).principal).toBeDefined());
    expect(await reasonOf(verifier.verify(known.token))).toBe('TOKEN_KEY_UNKNOWN');
    expect(await reasonOf(verifier.verify(unseen.token))).toBe('TOKEN_KEY_UNKNOWN');
  });

  it('asks about a token that is newer than the profile, and about rubbish a bounded number of times', async () => {
    const verifier = await openReady();
    const newer = scriptedKey();
    for (let count = 0; count < 60; count++) {
      expect((await verifier.verify(scriptedToken(newer).token)).principal).toBeDefined();
    }
    expect(service.counts.validations).toBe(60);

    service.script.validate = () => 'TOKEN_KEY_UNKNOWN';
    const outcomes = new Set<string | undefined>();
    for (let count = 0; count < 1000; count++) {
      expect(await reasonOf(verifier.verify(scriptedToken(service.key).token))).toBeUndefined();
      outcomes.add(await outcomeOf(() => verifier.verify(scriptedToken(scriptedKey()).token)));
    }
    // Whom nobody was asked about is not refused: it may be a good token.
    expect([...outcomes].sort()).toEqual(['TOKEN_KEY_UNKNOWN', 'unavailable']);
    // 20 at once and 20 a second.
    expect(service.counts.validations - 60).toBeLessThan(20 + 20 * 30);

    const before = service.counts.validations;
    const foreign = scriptedKey();
    await delay(1000);
    for (let count = 0; count < 100; count++)
      expect(await reasonOf(verifier.verify(scriptedToken(foreign).token))).toBe('TOKEN_KEY_UNKNOWN');
    expect(service.counts.validations - before).toBe(1);
  });

  it('begins anew when the server has a lower revision than it has itself', async () => {
    const verifier = await openReady();
    service.revoke('00000000-0000-4000-8000-000000000001');
    await vi.waitFor(() => expect(verifier.revision()).toBe(1));
    service.send({ revision: 0 });
    await vi.waitFor(() => expect(service.counts.watches).toEqual([0, 0]));
    await vi.waitFor(() => expect(verifier.revision()).toBe(1));
  });

  it.each(['REVISION_TOO_OLD', 'REVISION_UNKNOWN'])(
    'begins anew on %s, and what was revoked stays so',
    async (reason) => {
      const verifier = await openReady({ maxStaleness: 60_000 });
      const ended = scriptedToken(service.key);
      service.revoke(ended.sessionId);
      await vi.waitFor(() => expect(verifier.revision()).toBe(1));
      service.script.watchError = reason;
      service.endWatches();
      await vi.waitFor(() => expect(service.counts.watches.slice(0, 3)).toEqual([0, 1, 0]));
      expect(atOnce(verifier.verify(ended.token)).problem?.reason).toBe('TOKEN_REVOKED');
      expect(verifier.age()).toBe(Infinity);
      service.script.watchError = undefined;
      await verifier.ready();
      expect(service.counts.watches.at(-1)).toBe(0);
      expect(atOnce(verifier.verify(ended.token)).problem?.reason).toBe('TOKEN_REVOKED');
    },
  );

  it('believes no stream whose order is wrong to be complete, and all that it revokes', async () => {
    const verifier = await openReady();
    const ended = scriptedToken(service.key);
    service.script.checkpoints = false;
    service.script.greeting = false;
    service.send({
      revision: 9,
      revocations: [sessionRevocation(8, ended.sessionId), sessionRevocation(7, crypto.randomUUID())],
      completeUntil: durationOf(60_000),
    });
    await vi.waitFor(() => expect(verifier.age()).toBe(Infinity));
    expect(atOnce(verifier.verify(ended.token)).problem?.reason).toBe('TOKEN_REVOKED');
    await vi.waitFor(() => expect(service.counts.watches).toEqual([0, 0]));
    expect(problems.map(String).join()).toContain('out of order');
  });
});

describe('The age of what a verifier knows', () => {
  it('is counted from the call, not from what arrives: a stream that opens late is old', async () => {
    service.script.openingTakes = 600;
    const verifier = open({ maxStaleness: 10_000 });
    await verifier.ready();
    expect(verifier.age()).toBeGreaterThan(500);
  });

  it('is not made younger by responses that promise nothing, nor by promises of the future', async () => {
    service.script.checkpoints = false;
    const verifier = await openReady();
    service.send({ revision: 0, completeUntil: durationOf(3_600_000) });
    await delay(300);
    service.send({ revision: 0 });
    await delay(300);
    expect(verifier.age()).toBeGreaterThan(500);
    expect(verifier.age()).toBeLessThan(5000);
  });

  it('sends the call after maxStaleness to the server, and one call for all who ask at once', async () => {
    const verifier = await openReady({ maxStaleness: 400 });
    const { token, userId } = scriptedToken(service.key);
    service.script.checkpoints = false;
    await vi.waitFor(() => expect(verifier.age()).toBeGreaterThan(400));
    service.script.validatingTakes = 200;
    const answers = await Promise.all(Array.from({ length: 20 }, async () => await verifier.verify(token)));
    expect(answers.map(({ principal }) => principal?.userId)).toEqual(answers.map(() => userId));
    expect(service.counts.validations).toBe(1);
  });

  it('decides with the server that is asked: what that calls revoked stays so when the stream goes on', async () => {
    const verifier = await openReady({ maxStaleness: 400 });
    const { token } = scriptedToken(service.key);
    service.script.checkpoints = false;
    await vi.waitFor(() => expect(verifier.age()).toBeGreaterThan(400));
    service.script.validate = () => 'TOKEN_REVOKED';
    expect(await reasonOf(verifier.verify(token))).toBe('TOKEN_REVOKED');
    service.script.validate = () => null;
    service.script.checkpoints = true;
    await verifier.ready();
    expect(atOnce(verifier.verify(token)).problem?.reason).toBe('TOKEN_REVOKED');
  });

  it('without a server refuses by an error that is no verdict, or flags, as configured', async () => {
    const refusing = await openReady({ maxStaleness: 400 });
    const flagging = await openReady({ maxStaleness: 400, whenStale: 'flag' });
    const [live, ended] = [scriptedToken(service.key), scriptedToken(service.key)];
    service.revoke(ended.sessionId);
    await vi.waitFor(() => expect([refusing.revision(), flagging.revision()]).toEqual([1, 1]));
    service.stop();
    await vi.waitFor(() => expect(Math.min(refusing.age(), flagging.age())).toBeGreaterThan(400));

    expect(await rejection(refusing, live.token)).toBeInstanceOf(VerificationUnavailableError);
    expect(await flagging.verify(live.token)).toMatchObject({ principal: { userId: live.userId }, isStale: true });
    for (const verifier of [refusing, flagging]) {
      expect(atOnce(verifier.verify(ended.token)).problem?.reason).toBe('TOKEN_REVOKED');
      expect(atOnce(verifier.verify('rubbish')).problem?.reason).toBe('TOKEN_MALFORMED');
    }
  });

  it('lets nothing be decided before there is any knowledge, flagged or not', async () => {
    service.stop();
    const verifier = open({ whenStale: 'flag' });
    expect(await rejection(verifier, scriptedToken(service.key).token)).toBeInstanceOf(VerificationUnavailableError);
    expect(verifier.age()).toBe(Infinity);
  });

  it('asks the server until it is ready', async () => {
    service.script.greeting = false;
    service.script.checkpoints = false;
    const verifier = open();
    expect((await verifier.verify(scriptedToken(service.key).token)).principal).toBeDefined();
    expect(service.counts.validations).toBe(1);
  });

  it('goes on when a stream that fell silent is opened anew, without an error in between', async () => {
    const verifier = await openReady();
    service.script.checkpoints = false;
    const { token } = scriptedToken(service.key);
    await vi.waitFor(() => expect(service.counts.watches).toEqual([0, 0]), { timeout: 10_000 });
    service.script.checkpoints = true;
    await verifier.ready();
    expect(atOnce(verifier.verify(token)).principal).toBeDefined();
  });
});

describe('A closed verifier', () => {
  it('verifies nothing, and whoever waits for it is told', async () => {
    const verifier = await openReady();
    const { token } = scriptedToken(service.key);
    expect(atOnce(verifier.verify(token)).principal).toBeDefined();
    service.script.checkpoints = false;
    await verifier.close();
    expect(await rejection(verifier, token)).toBeInstanceOf(VerificationUnavailableError);
    await expect(verifier.ready()).rejects.toBeInstanceOf(VerificationUnavailableError);
  });

  it('is ready for nobody who has given up', async () => {
    service.stop();
    await expect(open().ready(AbortSignal.timeout(50))).rejects.toBeInstanceOf(VerificationUnavailableError);
  });
});
