import { createHmac, randomUUID } from 'node:crypto';
import stringify from 'safe-stable-stringify';
import { describe, expect, it } from 'vitest';
import { createRegister } from '../../../src/auth/register.ts';
import type { RegisterDeps } from '../../../src/auth/register.ts';
import type { RegisterInput } from '../../../src/auth/registration-input.ts';
import type { Caller } from '../../../src/caller.ts';
import type { StoredRegistration } from '../../../src/db/auth-functions.ts';
import { AppError } from '../../../src/errors/app-error.ts';

const userId = randomUUID();
const input: RegisterInput = {
  secondLogin: 'ada',
  phone: '+79991234567',
  email: '',
  profile: {},
  password: 'correct horse battery staple',
  groupNames: [],
  interface: 'customer',
  idempotencyKey: randomUUID(),
  guestAccessToken: 'the token of a guest',
};
const caller: Caller = {
  requestId: 'test',
  service: null,
  user: null,
  interfaces: ['customer'],
  address: null,
  network: null,
  userAgent: null,
  clientKey: null,
  language: 'en',
};
const DIGEST_KEY = Buffer.alloc(32, 1);
const inAnHour = new Date(Date.now() + 3_600_000);

/**
 * A Register that finds nothing under its key, and then a guest whose token has been revoked: between its two looks the call
 * that it repeats has ended. No test can hold the service there from outside.
 * @param second what the second look finds
 */
function registerBehind(second: StoredRegistration | null) {
  let looks = 0;
  const none = () => Promise.resolve();
  const never = () => Promise.reject(new Error('It went on to open an account.'));
  const first: Partial<RegisterDeps> = {
    read: () => ({ ...input, contacts: [] }),
    refusals: { requireInterface: none, recorded: never },
    readGuest: () => Promise.reject(new AppError('TOKEN_REVOKED')),
    auth: { findRegistration: () => Promise.resolve((looks += 1) === 1 ? null : second) },
    hasher: { hash: never, verify: () => Promise.resolve(true), isOutdated: () => false },
    attempts: { reserve: none, release: none },
    accessTokens: { issue: () => Promise.resolve('access token') },
    refreshTokens: { first: () => ({ text: 'refresh token' }) as never },
    deviceTokens: { issue: () => 'device token' },
    digestKey: DIGEST_KEY,
  };
  const register = createRegister(first as RegisterDeps);
  return { looks: () => looks, register: () => register(input, caller, new AbortController().signal) };
}

describe('Register, when the call that it repeats has just ended the guest', () => {
  const content = stringify({ contacts: [], profile: {}, groupNames: [], interface: 'customer' }) ?? '';
  const stored: StoredRegistration = {
    requestDigest: createHmac('sha256', DIGEST_KEY).update(content).digest('hex'),
    userId,
    passwordHash: 'hash',
    roles: ['customer'],
    sessionId: randomUUID(),
    tokenId: randomUUID(),
    issuedAt: new Date(),
    accessExpiresAt: inAnHour,
    refreshExpiresAt: inAnHour,
    generation: 1,
    isLive: true,
  };

  it('answers as that call did', async () => {
    const { looks, register } = registerBehind(stored);
    expect(await register()).toMatchObject({ userId, roles: ['customer'], deviceToken: 'device token' });
    expect(looks()).toBe(2);
  });

  it('is refused where there was no such call', async () => {
    const { looks, register } = registerBehind(null);
    await expect(register()).rejects.toMatchObject({ reason: 'TOKEN_REVOKED' });
    expect(looks()).toBe(2);
  });
});
