import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder } from '../../support/account-holders.ts';
import { latestLinkToken } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD } from '../../support/people.ts';
import { endPauses } from '../../support/prepared-challenges.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const THROTTLED_MESSAGES = 'RESOURCE_EXHAUSTED MESSAGES_THROTTLED';
const NEW_PASSWORD = 'quite another long password';

describe('A device that has logged in before', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, LOGIN_FAILURES_PER_ADDRESS: '1000' });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('is sent codes and links when strangers have used up those of the day; forged tokens are nobody’s', async () => {
    const { email, deviceToken } = await accountHolder(service, database);
    const stranger = await accountHolder(service, database);
    for (let message = 0; message < 10; message += 1) {
      await endPauses(database, email);
      await service.auth.startCodeLogin({ contact: email });
    }
    await endPauses(database, email);
    for (const token of ['', stranger.deviceToken, deviceToken.replace(/.{3}$/, 'AAA')]) {
      const start = service.auth.startCodeLogin({ contact: email, deviceToken: token });
      expect(await outcomeOf(start)).toBe(THROTTLED_MESSAGES);
    }
    expect(await outcomeOf(service.auth.startCodeLogin({ contact: email, deviceToken }))).toBe('OK');
    expect(await outcomeOf(service.passwords.startPasswordReset({ contact: email, deviceToken }))).toBe('OK');
    // It has pauses of its own.
    const again = service.auth.startCodeLogin({ contact: email, deviceToken });
    expect(await outcomeOf(again)).toBe(THROTTLED_MESSAGES);
  });

  it('and a stranger ask at the same moment, 40 times: one code lives', async () => {
    for (let round = 0; round < 40; round += 1) {
      const { email, deviceToken } = await accountHolder(service, database);
      const start = (token: string) => outcomeOf(service.auth.startCodeLogin({ contact: email, deviceToken: token }));
      expect(await Promise.all([start(''), start(deviceToken), start('')])).toContain(THROTTLED_MESSAGES);
      const live = 'select from auth.challenges where contact = $1 and ended_at is null';
      expect(await database.query(live, [email])).toHaveLength(1);
      const all = await database.query('select from auth.challenges where contact = $1', [email]);
      expect(all).toHaveLength(2);
    }
  });

  it('is a stranger after the password was reset: of its guesses none is a guess of its own', async () => {
    const { email, secondLogin: login } = await accountHolder(service, database);
    const devices = await Promise.all(
      Array.from({ length: 4 }, async () => (await service.auth.login({ login, password: PASSWORD })).deviceToken),
    );
    await service.passwords.startPasswordReset({ contact: email });
    const proof = { $case: 'token' as const, value: await latestLinkToken(database, email) };
    await service.passwords.finishPasswordReset({ proof, newPassword: NEW_PASSWORD });

    const guesses = devices.flatMap((deviceToken) =>
      Array.from({ length: 10 }, () => outcomeOf(service.auth.login({ login, password: PASSWORD, deviceToken }))),
    );
    const evaluated = (await Promise.all(guesses)).filter((outcome) => outcome.endsWith('CREDENTIALS_INVALID'));
    expect(evaluated).toHaveLength(10);
  });

  it('gets a token that counts again by the first login with the new password', async () => {
    const { secondLogin: login, as, deviceToken } = await accountHolder(service, database);
    await service.passwords.changePassword({ currentPassword: PASSWORD, newPassword: NEW_PASSWORD }, as);
    const after = await service.auth.login({ login, password: NEW_PASSWORD, deviceToken });
    expect(after.deviceToken).not.toBe(deviceToken);
    for (let guess = 0; guess < 11; guess += 1) await outcomeOf(service.auth.login({ login, password: PASSWORD }));
    // A second later: tokens of the second of the change may be from before it.
    await database.query("update accounts.users set devices_since = devices_since - interval '2 seconds'");
    const known = service.auth.login({ login, password: NEW_PASSWORD, deviceToken: after.deviceToken });
    expect(await outcomeOf(known)).toBe('OK');
  });
});
