import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { latestCode, latestLinkToken, putChallenge } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { MEANT_STATE } from '../../support/messages.ts';
import { PASSWORD, newPerson } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const INVALID = { status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' };
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({
    DATABASE_URL: database.serviceUrl,
    MESSAGES_PER_CONTACT: '1000',
    MESSAGES_PER_ADDRESS: '1000000',
  });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

type Holder = Awaited<ReturnType<typeof accountHolder>>;

async function contactsOf({ as }: Holder) {
  return (await service.accounts.listContacts({ includeHistory: true }, as)).contacts;
}

/** The id of a new contact. */
async function add({ as }: Holder, type: string, value: string): Promise<string> {
  const { contact } = await service.accounts.addContact({ type, value }, as);
  return contact?.contactId ?? '';
}

const start = (contactId: string, { as }: Holder) => service.accounts.startContactConfirmation({ contactId }, as);
const finishWithToken = (token: string, { as }: Holder) =>
  service.accounts.finishContactConfirmation({ proof: { $case: 'token', value: token } }, as);
const finishWithCode = (handle: string, code: string, { as }: Holder) =>
  service.accounts.finishContactConfirmation({ proof: { $case: 'code', value: { handle, code } } }, as);
const login = (name: string) => outcomeOf(service.auth.login({ login: name, password: PASSWORD }));

/** A contact that is put there beside the service, unconfirmed: an account may have 20 from it. */
async function putContact(holder: Holder, type: string, value: string): Promise<string> {
  const [row] = await database.query<{ id: string }>(
    'insert into accounts.user_contacts (user_id, type, value) values ($1, $2, $3) returning id',
    [holder.userId, type, value],
  );
  return row?.id ?? '';
}

const messagesTo = async (recipient: string) =>
  await database.query<{ template: string; channel: string; state: string; user_id: string | null }>(
    `select template, channel, ${MEANT_STATE} as state, user_id from auth.messages where recipient = $1 order by id`,
    [recipient],
  );

const eventsOf = async (userId: string) =>
  (
    await database.query<{ type: string }>(
      `select type from auth.outbox_events where user_id = $1 and type like 'contact.%' order by id`,
      [userId],
    )
  ).map(({ type }) => type);

/** Another code that is not the right one. */
const wrong = (code: string) => String((Number(code) + 1) % 1_000_000).padStart(6, '0');

describe('Confirming a contact', () => {
  it('an e-mail address, by a link that is good for 10 minutes: then it logs in, beside the others', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    const contactId = await add(holder, 'email', email);
    expect(await login(email)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');

    const started = await start(contactId, holder);
    expect(started.handle).toMatch(UUID);
    expect(started.lifetime).toEqual({ seconds: 600, nanos: 0 });
    expect(started.resendDelay?.seconds).toBe(60);
    expect(await messagesTo(email)).toEqual([
      { template: 'contact_confirmation', channel: 'email', state: 'enqueued', user_id: holder.userId },
    ]);

    const { contact } = await finishWithToken(await latestLinkToken(database, email), holder);
    expect(contact).toMatchObject({
      contactId,
      type: 'email',
      value: email,
      active: true,
      confirmed: true,
      primary: false,
    });
    expect(contact?.confirmTime).toBeInstanceOf(Date);
    // Several are in use at once.
    expect(await login(email)).toBe('OK');
    expect(await login(holder.email)).toBe('OK');
    expect(await eventsOf(holder.userId)).toEqual(['contact.added', 'contact.confirmed']);
    // Told at the address of before, not at the new one.
    expect((await messagesTo(holder.email)).map(({ template }) => template)).toEqual(['contact_changed']);
    expect((await messagesTo(email)).map(({ template }) => template)).toEqual(['contact_confirmation']);
  });

  it('a change of phone: the old one logs in until the new one is confirmed, and is history after it', async () => {
    const holder = await accountHolder(service, database);
    const { phone } = newPerson();
    const contactId = await add(holder, 'phone', phone);
    const started = await start(contactId, holder);
    expect(started.lifetime).toEqual({ seconds: 300, nanos: 0 });
    expect(await login(holder.phone)).toBe('OK');
    expect(await login(phone)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');

    const { contact } = await finishWithCode(started.handle, await latestCode(database, phone), holder);
    expect(contact).toMatchObject({ contactId, confirmed: true, primary: true });
    expect(await login(phone)).toBe('OK');
    expect(await login(holder.phone)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');

    const phones = (await contactsOf(holder)).filter(({ type }) => type === 'phone');
    expect(phones.map(({ value, active, primary }) => [value, active, primary])).toEqual([
      [phone, true, true],
      [holder.phone, false, false],
    ]);
    expect(await eventsOf(holder.userId)).toEqual(['contact.added', 'contact.deactivated', 'contact.confirmed']);
    // The number is given to somebody new.
    const heir = await accountHolder(service, database, { phone: holder.phone });
    expect(await login(heir.phone)).toBe('OK');
  });

  it('a change of phone by somebody without an e-mail address is told at the old number', async () => {
    const holder = await accountHolder(service, database, { email: '' });
    const { phone } = newPerson();
    const { handle } = await start(await add(holder, 'phone', phone), holder);
    await finishWithCode(handle, await latestCode(database, phone), holder);
    expect(await messagesTo(holder.phone)).toEqual([
      { template: 'contact_changed', channel: 'sms', state: 'enqueued', user_id: holder.userId },
    ]);
    expect((await messagesTo(phone)).map(({ template }) => template)).toEqual(['contact_confirmation']);
  });

  it('the first of its type becomes the primary', async () => {
    const holder = await accountHolder(service, database, { email: '' });
    const [first, second] = [newEmail(), newEmail()];
    for (const email of [first, second]) {
      await start(await add(holder, 'email', email), holder);
      await finishWithToken(await latestLinkToken(database, email), holder);
    }
    const emails = (await contactsOf(holder)).filter(({ type }) => type === 'email');
    expect(emails.map(({ value, primary }) => [value, primary])).toEqual([
      [first, true],
      [second, false],
    ]);
    // Nobody could be told of the first one.
    expect((await messagesTo(first)).map(({ template }) => template)).toEqual([
      'contact_confirmation',
      'contact_changed',
    ]);
  });

  it('is refused where there is nothing to confirm', async () => {
    const holder = await accountHolder(service, database);
    for (const { contactId } of await contactsOf(holder)) {
      expect(await refusalOf(start(contactId, holder))).toMatchObject({
        status: 'FAILED_PRECONDITION',
        reason: 'CONTACT_ALREADY_CONFIRMED',
      });
    }
  });

  it('is refused for a contact that is history', async () => {
    const holder = await accountHolder(service, database);
    const contactId = await add(holder, 'email', newEmail());
    await service.accounts.deactivateContact({ contactId }, holder.as);
    expect(await refusalOf(start(contactId, holder))).toMatchObject({
      status: 'NOT_FOUND',
      reason: 'CONTACT_NOT_FOUND',
    });
  });

  it('sends the next message after 60 s, not before', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    const contactId = await add(holder, 'email', email);
    await start(contactId, holder);
    const refusal = await refusalOf(start(contactId, holder));
    expect(refusal).toMatchObject({ status: 'RESOURCE_EXHAUSTED', reason: 'MESSAGES_THROTTLED' });
    expect(refusal.retryAfterSeconds).toBeGreaterThan(50);
    expect(refusal.retryAfterSeconds).toBeLessThanOrEqual(60);

    const first = await latestLinkToken(database, email);
    await database.query(`update auth.message_quotas set next_at = now() where subject like '%' || $1`, [email]);
    expect((await start(contactId, holder)).resendDelay?.seconds).toBe(120);
    // The earlier link is dead.
    expect(await refusalOf(finishWithToken(first, holder))).toMatchObject({ reason: 'LINK_INVALID' });
    await finishWithToken(await latestLinkToken(database, email), holder);
  });

  it('sends nothing to a phone of a country that is not on the list', async () => {
    const holder = await accountHolder(service, database);
    const phone = '+442079460958';
    const contactId = await add(holder, 'phone', phone);
    expect(await refusalOf(start(contactId, holder))).toMatchObject({ reason: 'PHONE_COUNTRY_NOT_ALLOWED' });
    expect(await messagesTo(phone)).toEqual([]);
  });
});

describe('A proof', () => {
  it('works once', async () => {
    const holder = await accountHolder(service, database);
    const [email, { phone }] = [newEmail(), newPerson()];
    await start(await add(holder, 'email', email), holder);
    const { handle } = await start(await add(holder, 'phone', phone), holder);
    const [token, code] = [await latestLinkToken(database, email), await latestCode(database, phone)];
    await finishWithToken(token, holder);
    await finishWithCode(handle, code, holder);
    const before = await contactsOf(holder);
    expect(await refusalOf(finishWithToken(token, holder))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'LINK_INVALID',
    });
    expect(await refusalOf(finishWithCode(handle, code, holder))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'CODE_EXPIRED',
    });
    expect(await contactsOf(holder)).toEqual(before);
  });

  it('works for nobody else, and is not used up by him: neither by the right secret nor by guesses', async () => {
    const [holder, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const [email, { phone }] = [newEmail(), newPerson()];
    await start(await add(holder, 'email', email), holder);
    const { handle } = await start(await add(holder, 'phone', phone), holder);
    const [token, code] = [await latestLinkToken(database, email), await latestCode(database, phone)];
    const before = await contactsOf(other);

    expect(await outcomeOf(finishWithToken(token, other))).toBe('INVALID_ARGUMENT LINK_INVALID');
    for (let count = 0; count < 6; count += 1) {
      expect(await outcomeOf(finishWithCode(handle, wrong(code), other))).toBe('FAILED_PRECONDITION CODE_EXPIRED');
    }
    expect(await outcomeOf(finishWithCode(handle, code, other))).toBe('FAILED_PRECONDITION CODE_EXPIRED');
    expect(await contactsOf(other)).toEqual(before);

    await finishWithToken(token, holder);
    await finishWithCode(handle, code, holder);
  });

  it('a code has five tries: the sixth is not evaluated, be it right', async () => {
    const holder = await accountHolder(service, database);
    const { phone } = newPerson();
    const { handle } = await start(await add(holder, 'phone', phone), holder);
    const code = await latestCode(database, phone);
    for (const triesLeft of ['4', '3', '2', '1', '0']) {
      expect(await refusalOf(finishWithCode(handle, wrong(code), holder))).toMatchObject({
        reason: 'CODE_INVALID',
        metadata: { tries_left: triesLeft },
      });
    }
    expect(await outcomeOf(finishWithCode(handle, code, holder))).toBe('FAILED_PRECONDITION CODE_EXPIRED');
    expect(await login(holder.phone)).toBe('OK');
  });

  it('is worth nothing after its time, and after the contact was given up', async () => {
    const holder = await accountHolder(service, database);
    const [late, gone] = [newEmail(), newEmail()];
    await start(await add(holder, 'email', late), holder);
    await database.query('update auth.challenges set expires_at = now() where contact = $1', [late]);
    const contactId = await add(holder, 'email', gone);
    await start(contactId, holder);
    await service.accounts.deactivateContact({ contactId }, holder.as);
    for (const email of [late, gone]) {
      const token = await latestLinkToken(database, email);
      expect(await outcomeOf(finishWithToken(token, holder))).toBe('INVALID_ARGUMENT LINK_INVALID');
    }
  });

  it('of a contact that was given up as the proof arrived brings nothing back', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    const contactId = await putContact(holder, 'email', email);
    await database.query('update accounts.user_contacts set is_active = false, deactivated_at = now() where id = $1', [
      contactId,
    ]);
    const purpose = { purpose: 'contact_confirmation', contactId, userId: holder.userId };
    const link = await putChallenge(database, { ...purpose, method: 'link', contactType: 'email', contact: email });
    expect(await outcomeOf(finishWithToken(link.token, holder))).toBe('INVALID_ARGUMENT LINK_INVALID');
    expect((await contactsOf(holder)).find((contact) => contact.contactId === contactId)).toMatchObject({
      active: false,
      confirmed: false,
    });
  });

  it('for one purpose is nothing for another', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    const contactId = await add(holder, 'email', email);
    for (const purpose of ['password_reset', 'registration']) {
      const of = { contactId, userId: holder.userId, contactType: 'email', contact: email };
      const { token, handle, code } = await putChallenge(database, { ...of, purpose, method: 'link' });
      expect(await outcomeOf(finishWithToken(token, holder))).toBe('INVALID_ARGUMENT LINK_INVALID');
      expect(await outcomeOf(finishWithCode(handle, code, holder))).toBe('FAILED_PRECONDITION CODE_EXPIRED');
    }
  });

  it.each([
    ['no proof', undefined, ['proof']],
    ['an empty token', { $case: 'token', value: '' }, ['token']],
    ['no code', { $case: 'code', value: { handle: randomUUID(), code: '' } }, ['code.code']],
    ['no handle', { $case: 'code', value: { handle: '', code: '123456' } }, ['code.handle']],
    ['neither', { $case: 'code', value: {} }, ['code.code', 'code.handle']],
    [
      'digits of another script',
      { $case: 'code', value: { handle: randomUUID(), code: '１２３４５６' } },
      ['code.code'],
    ],
    ['SQL', { $case: 'code', value: { handle: "' or true --", code: "' or 1" } }, ['code.code', 'code.handle']],
    [
      'a NUL',
      { $case: 'code', value: { handle: `${randomUUID()}\u0000`, code: '12345\u0000' } },
      ['code.code', 'code.handle'],
    ],
  ] as const)('has a form: %s is refused', async (_what, proof, fields) => {
    const holder = await theHolder();
    const call = service.accounts.finishContactConfirmation({ proof }, holder.as);
    expect(await refusalOf(call)).toMatchObject({ ...INVALID, fields: [...fields] });
  });

  it.each(['x', 'A'.repeat(64), 'A'.repeat(63), '\u0000'.repeat(64), 'é'.repeat(64), 'x'.repeat(100_000)])(
    'has to be one of ours: the token %j is not',
    async (token) => {
      expect(await outcomeOf(finishWithToken(token, await theHolder()))).toBe('INVALID_ARGUMENT LINK_INVALID');
    },
  );
});

describe('A contact that is not confirmed', () => {
  it('never blocks its true owner, who registers with it, adds it and confirms it', async () => {
    const claimant = await accountHolder(service, database);
    const [email, { phone }] = [newEmail(), newPerson()];
    await add(claimant, 'email', email);
    const claimedPhone = await add(claimant, 'phone', phone);
    for (const [contactType, value] of [
      ['email', email],
      ['phone', phone],
    ] as const) {
      expect((await service.accounts.checkAvailability({ contactType, value })).available).toBe(true);
    }

    const owner = await accountHolder(service, database, { email, phone });
    expect(await login(email)).toBe('OK');
    expect(await login(phone)).toBe('OK');
    expect((await contactsOf(owner)).every(({ confirmed }) => confirmed)).toBe(true);

    // Now the claimant proves it, too: it is the owner's.
    const { handle } = await start(claimedPhone, claimant);
    const code = await latestCode(database, phone);
    const refusal = await refusalOf(finishWithCode(handle, code, claimant));
    expect(refusal).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'CONTACT_TAKEN', metadata: {} });
    expect(await login(claimant.phone)).toBe('OK');
    expect((await contactsOf(claimant)).find(({ value }) => value === phone)).toMatchObject({ confirmed: false });

    // The proof was not used up: the owner gives the phone up, and the same code is good.
    const owned = (await contactsOf(owner)).find(({ value }) => value === phone);
    await service.accounts.deactivateContact({ contactId: owned?.contactId ?? '' }, owner.as);
    expect((await finishWithCode(handle, code, claimant)).contact).toMatchObject({ confirmed: true, primary: true });
    expect(await login(phone)).toBe('OK');
  });

  it('of 50 that two accounts confirm at the same moment, exactly one each belongs to one', async () => {
    const pair = [await accountHolder(service, database), await accountHolder(service, database)];
    for (let round = 0; round < 50; round += 1) {
      const email = newEmail();
      const proofs = await Promise.all(
        pair.map(async (holder) => {
          const contactId = await putContact(holder, 'email', email);
          const of = { contactId, userId: holder.userId, contactType: 'email', contact: email };
          return await putChallenge(database, { ...of, purpose: 'contact_confirmation', method: 'link' });
        }),
      );
      const outcomes = await Promise.all(
        pair.map((holder, index) => outcomeOf(finishWithToken(proofs[index]?.token ?? '', holder))),
      );
      expect([...outcomes].sort()).toEqual(['ALREADY_EXISTS CONTACT_TAKEN', 'OK']);
      const confirmed = await database.query(
        'select from accounts.user_contacts where value = $1 and is_active and confirmed_at is not null',
        [email],
      );
      expect(confirmed).toHaveLength(1);
    }
  });

  it('8 calls at once with one proof, 200 times: exactly one succeeds each', async () => {
    const holders = await Promise.all(Array.from({ length: 10 }, () => accountHolder(service, database)));
    const own = await Promise.all(
      holders.map(async (holder) => {
        const [email, { phone }] = [newEmail(), newPerson()];
        const contactIds = {
          email: await putContact(holder, 'email', email),
          phone: await putContact(holder, 'phone', phone),
        };
        return { holder, email, phone, contactIds };
      }),
    );
    const counts = new Map<string, number>();
    for (let round = 0; round < 20; round += 1) {
      await Promise.all(
        own.map(async ({ holder, email, phone, contactIds }, index) => {
          const isLink = (round + index) % 2 === 0;
          const contactType = isLink ? 'email' : 'phone';
          const contactId = contactIds[contactType];
          await database.query(
            `update accounts.user_contacts set confirmed_at = null, is_primary = false, is_active = true, deactivated_at = null
              where id = $1`,
            [contactId],
          );
          const { token, handle, code } = await putChallenge(database, {
            purpose: 'contact_confirmation',
            method: isLink ? 'link' : 'code',
            contactType,
            contact: isLink ? email : phone,
            contactId,
            userId: holder.userId,
          });
          const outcomes = await Promise.all(
            Array.from({ length: 8 }, () =>
              outcomeOf(isLink ? finishWithToken(token, holder) : finishWithCode(handle, code, holder)),
            ),
          );
          expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
          for (const outcome of outcomes) counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
        }),
      );
    }
    expect(Object.fromEntries(counts)).toEqual({
      OK: 200,
      'INVALID_ARGUMENT LINK_INVALID': 700,
      'FAILED_PRECONDITION CODE_EXPIRED': 700,
    });
    const events = await database.query<{ count: number }>(
      `select count(*)::int as count from auth.outbox_events where type = 'contact.confirmed' and user_id = any ($1)`,
      [holders.map(({ userId }) => userId)],
    );
    expect(events).toEqual([{ count: 200 }]);
  });

  it('100 guesses at one code at once: five are evaluated', async () => {
    const holder = await accountHolder(service, database);
    const { phone } = newPerson();
    const { handle } = await start(await add(holder, 'phone', phone), holder);
    const code = await latestCode(database, phone);
    const outcomes = await Promise.all(
      Array.from({ length: 100 }, () => outcomeOf(finishWithCode(handle, wrong(code), holder))),
    );
    expect(outcomes.filter((outcome) => outcome === 'INVALID_ARGUMENT CODE_INVALID')).toHaveLength(5);
    expect(outcomes.filter((outcome) => outcome === 'FAILED_PRECONDITION CODE_EXPIRED')).toHaveLength(95);
  });

  it('neither logs in nor resets a password: what is sent for it is sent to nobody', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    await add(holder, 'email', email);
    for (const contact of [email, newEmail()]) {
      expect(await login(contact)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
      await database.query(
        `select auth.start_challenge($1, 'password_reset', 'link', 'email', $2, null, null, repeat('0', 64),
                                     interval '1 hour', false, 'en', null, 10, 10, null)`,
        [randomUUID(), contact],
      );
      expect(await messagesTo(contact)).toEqual([
        { template: 'password_reset', channel: 'email', state: 'suppressed', user_id: null },
      ]);
    }
  });
});

let shared: Promise<Holder> | undefined;
/** One person for all calls that are to change nothing. */
function theHolder(): Promise<Holder> {
  return (shared ??= accountHolder(service, database));
}
