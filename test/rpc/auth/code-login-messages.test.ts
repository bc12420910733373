import { randomInt, randomUUID } from 'node:crypto';
import { Metadata } from 'nice-grpc';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { StartCodeLoginRequest } from '../../../src/gen/auth/v1/auth_service.ts';
import { StartPasswordResetRequest } from '../../../src/gen/auth/v1/passwords_service.ts';
import { confirmContacts, latestCode } from '../../support/challenges.ts';
import { newPerson, register } from '../../support/people.ts';
import { endPauses } from '../../support/prepared-challenges.ts';
import { createRawCaller } from '../../support/raw-call.ts';
import type { RawCaller } from '../../support/raw-call.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

/** What a known contact and an unknown one are sent alike. */
const STARTS = {
  StartCodeLogin: (contact: string) => ({
    path: '/auth.v1.AuthService/StartCodeLogin',
    message: StartCodeLoginRequest.encode({ contact, deviceToken: '' }).finish(),
  }),
  StartPasswordReset: (contact: string) => ({
    path: '/auth.v1.PasswordsService/StartPasswordReset',
    message: StartPasswordResetRequest.encode({ contact, deviceToken: '' }).finish(),
  }),
};

describe('Messages that are asked for', () => {
  let database: TestDatabase;
  let service: TestService;
  let raw: RawCaller;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
    raw = createRawCaller(service.address);
  });
  afterAll(async () => {
    raw?.close();
    await service?.stop();
    await database?.drop();
  });

  it.each(['known', 'unknown'])(
    'come after 60 s, then 2, 5 and 10 minutes, and 10 times a day: a contact that is %s',
    async (kind) => {
      const contact = kind === 'known' ? (await somebody()).phone : newPerson().phone;
      for (const [index, seconds] of [60, 120, 300, 600, 600, 600, 600, 600, 600, 600].entries()) {
        const { resendDelay } = await service.auth.startCodeLogin({ contact });
        expect(resendDelay?.seconds, `message ${index + 1}`).toBe(seconds);
        const refusal = await refusalOf(service.auth.startCodeLogin({ contact }));
        expect(refusal).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'MESSAGES_THROTTLED', metadata: {} });
        expectAbout(refusal.retryAfterSeconds, seconds);
        await endPauses(database, contact);
      }
      const refusal = await refusalOf(service.auth.startCodeLogin({ contact }));
      expect(refusal.reason).toBe('MESSAGES_THROTTLED');
      expectAbout(refusal.retryAfterSeconds, 24 * 3600);
      // The day of the contact, whatever the message is for.
      expect((await refusalOf(service.passwords.startPasswordReset({ contact }))).reason).toBe('MESSAGES_THROTTLED');
      expect(await database.query('select from auth.messages where recipient = $1', [contact])).toHaveLength(10);

      await database.query('update auth.message_quotas set expires_at = now() where subject like $1', [`%:${contact}`]);
      await service.auth.startCodeLogin({ contact });
    },
  );

  it('are refused without killing the code that is on its way', async () => {
    const { phone } = await somebody();
    const { handle } = await service.auth.startCodeLogin({ contact: phone });
    const code = await latestCode(database, phone);
    for (let time = 0; time < 3; time += 1) await refusalOf(service.auth.startCodeLogin({ contact: phone }));
    await service.auth.finishCodeLogin({ handle, code });
  });

  it('come without a pause after a code that was used', async () => {
    const { phone } = await somebody();
    const { handle } = await service.auth.startCodeLogin({ contact: phone });
    await service.auth.finishCodeLogin({ handle, code: await latestCode(database, phone) });
    expect((await service.auth.startCodeLogin({ contact: phone })).resendDelay?.seconds).toBe(60);
  });

  it('of 20 Starts at once one is sent', async () => {
    const { phone } = await somebody();
    const calls = Array.from({ length: 20 }, () =>
      service.auth
        .startCodeLogin({ contact: phone })
        .then(() => 1)
        .catch(() => 0),
    );
    expect((await Promise.all(calls)).reduce((sum: number, one) => sum + one, 0)).toBe(1);
    const live = await database.query('select from auth.challenges where contact = $1 and ended_at is null', [phone]);
    expect(live).toHaveLength(1);
    expect(await database.query('select from auth.messages where recipient = $1', [phone])).toHaveLength(1);
  });

  it('go to the countries that are allowed, known phone or not', async () => {
    const abroad = '+442079460123';
    for (const start of [service.auth.startCodeLogin, service.passwords.startPasswordReset]) {
      expect(await refusalOf(start({ contact: abroad }))).toMatchObject({
        status: 'INVALID_ARGUMENT',
        reason: 'PHONE_COUNTRY_NOT_ALLOWED',
        metadata: {},
      });
    }
    const person = await register(service, { phone: abroad });
    await confirmContacts(database, person.userId);
    expect((await refusalOf(service.auth.startCodeLogin({ contact: abroad }))).reason).toBe(
      'PHONE_COUNTRY_NOT_ALLOWED',
    );
    expect(await database.query('select from auth.challenges where contact = $1', [abroad])).toEqual([]);
  });

  it('come 30 times an hour from one address', async () => {
    const address = `198.${randomInt(18, 20)}.${randomInt(256)}.${randomInt(256)}`;
    const from = { metadata: Metadata({ 'x-forwarded-for': address }) };
    for (let time = 0; time < 30; time += 1) await service.auth.startCodeLogin({ contact: newPerson().phone }, from);
    const { phone } = newPerson();
    const refusal = await refusalOf(service.auth.startCodeLogin({ contact: phone }, from));
    expect(refusal.reason).toBe('MESSAGES_THROTTLED');
    expectAbout(refusal.retryAfterSeconds, 3600);
    // Nothing was counted for the contact.
    await service.auth.startCodeLogin({ contact: phone });
  });

  it('are in the language of the person, else of the request', async () => {
    const person = await somebody();
    const asked = { metadata: Metadata({ 'accept-language': 'ru-RU,ru;q=0.9' }) };
    const { phone } = newPerson();
    await service.auth.startCodeLogin({ contact: phone }, asked);
    await database.query("update accounts.users set language = 'en' where id = $1", [person.userId]);
    await service.auth.startCodeLogin({ contact: person.phone }, asked);
    const languages = await database.query('select recipient, language from auth.messages where recipient = any ($1)', [
      [phone, person.phone],
    ]);
    expect(languages).toEqual([
      { recipient: phone, language: 'ru' },
      { recipient: person.phone, language: 'en' },
    ]);
  });

  describe.each(Object.keys(STARTS) as (keyof typeof STARTS)[])('%s answers for known and unknown contacts', (name) => {
    it.each(['phone', 'email'] as const)('the same bytes but for the handle: %s', async (type) => {
      const person = await somebody();
      const nobody = { ...newPerson(), email: `${randomUUID()}@example.com` };
      const claimed = await register(service, { email: `${randomUUID()}@example.com` });
      const closed = await somebody();
      await database.query('update accounts.users set is_active = false where id = $1', [closed.userId]);
      const seen = [];
      for (const { [type]: contact } of [person, nobody, claimed, closed]) seen.push(await everythingSeen(contact));
      for (const each of seen) expect(each).toEqual(seen[0]);
      expect(seen[0]?.bytes).toContain('<handle>');
    });

    it('the same refusals', async () => {
      const [person, nobody] = [await somebody(), newPerson()];
      const refusals = [];
      for (const { phone } of [person, nobody]) {
        const { path, message } = STARTS[name](phone);
        await raw.call(path, message);
        const { retryAfterSeconds, ...refusal } = await raw.refusalOf(path, message);
        expectAbout(retryAfterSeconds, 60);
        refusals.push({ ...refusal, seen: refusal.seen.replaceAll(/\d+/g, '0') });
      }
      expect(refusals[1]).toEqual(refusals[0]);
    });

    async function everythingSeen(contact: string) {
      const { path, message } = STARTS[name](contact);
      const names: string[] = [];
      const bytes = await raw.call(path, message, {
        onHeader: (header) => void names.push(...[...header].map(([key]) => key)),
        onTrailer: (trailer) => void names.push(...[...trailer].map(([key]) => key)),
      });
      const text = Buffer.from(bytes).toString('latin1');
      return { bytes: text.replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/, '<handle>'), names };
    }
  });

  async function somebody() {
    const person = await register(service, { email: `${randomUUID()}@example.com` });
    await confirmContacts(database, person.userId);
    return person;
  }
});

/** Some seconds may pass between the message and the question. */
function expectAbout(seconds: number | undefined, expected: number): void {
  expect(seconds).toBeGreaterThan(expected - 20);
  expect(seconds).toBeLessThanOrEqual(expected);
}
