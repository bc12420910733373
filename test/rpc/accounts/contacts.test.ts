import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { MEANT_STATE } from '../../support/messages.ts';
import { PASSWORD, bearer, newPerson, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const INVALID = { status: 'INVALID_ARGUMENT', reason: 'INVALID_REQUEST' };

let database: TestDatabase;
let service: TestService;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

type Holder = Awaited<ReturnType<typeof accountHolder>>;

async function contactsOf({ as }: Pick<Holder, 'as'>, includeHistory = false) {
  return (await service.accounts.listContacts({ includeHistory }, as)).contacts;
}

async function add({ as }: Pick<Holder, 'as'>, type: string, value: string) {
  const { contact } = await service.accounts.addContact({ type, value }, as);
  if (!contact) throw new Error('No contact was answered.');
  return contact;
}

const login = (name: string) => outcomeOf(service.auth.login({ login: name, password: PASSWORD }));

/** What was written for a user since, by type. */
const eventsOf = async (userId: string) =>
  await database.query<{ type: string; data: object }>(
    `select type, data from auth.outbox_events where user_id = $1 and type like 'contact.%' order by id`,
    [userId],
  );

const noticesOf = async (userId: string) =>
  await database.query<{ recipient: string; template: string; state: string }>(
    `select recipient, template, ${MEANT_STATE} as state from auth.messages where user_id = $1 and challenge_id is null order by id`,
    [userId],
  );

describe('ListContacts', () => {
  it('shows what was registered, by type, unconfirmed until it is shown to be the person’s', async () => {
    const person = await register(service, { email: newEmail() });
    const contacts = await contactsOf({ as: bearer(person.tokens.accessToken) });
    expect(contacts.map(({ type, value, confirmed, primary }) => ({ type, value, confirmed, primary }))).toEqual([
      { type: 'email', value: person.email, confirmed: false, primary: false },
      { type: 'phone', value: person.phone, confirmed: false, primary: false },
      { type: 'second_login', value: person.secondLogin, confirmed: true, primary: true },
    ]);
    for (const { createTime, confirmTime, deactivateTime, confirmed, active } of contacts) {
      expect(active).toBe(true);
      expect(createTime).toBeInstanceOf(Date);
      expect(confirmTime !== undefined).toBe(confirmed);
      expect(deactivateTime).toBeUndefined();
    }
  });

  it('shows the history when asked for it, the latest first, and at most 100 of it', async () => {
    const holder = await accountHolder(service, database);
    const names = Array.from({ length: 3 }, () => `name-${randomUUID().slice(0, 8)}`);
    for (const name of names) await add(holder, 'second_login', name);
    expect(await contactsOf(holder)).toHaveLength(3);
    const history = (await contactsOf(holder, true)).slice(3);
    expect(history.map(({ value }) => value)).toEqual([names[1], names[0], holder.secondLogin]);
    for (const { active, deactivateTime, primary } of history) {
      expect([active, primary]).toEqual([false, false]);
      expect(deactivateTime).toBeInstanceOf(Date);
    }

    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, is_active, deactivated_at)
       select $1, 'email', 'old-' || n || '@example.com', false, now() - n * interval '1 day'
         from generate_series(1, 150) n`,
      [holder.userId],
    );
    const all = await contactsOf(holder, true);
    expect(all).toHaveLength(103);
    expect(all.at(-1)?.value).toBe('old-97@example.com');
  });

  it('shows nobody the contacts of another', async () => {
    const [one, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const ofOther = new Set((await contactsOf(other, true)).map(({ contactId }) => contactId));
    expect((await contactsOf(one, true)).filter(({ contactId }) => ofOther.has(contactId))).toEqual([]);
  });
});

describe('AddContact', () => {
  it('replaces the second_login at once: the new one logs in, the old one is history and free for others', async () => {
    const holder = await accountHolder(service, database);
    const name = `name-${randomUUID().slice(0, 8)}`;
    expect(await add(holder, 'second_login', ` ${name.toUpperCase()} `)).toMatchObject({
      type: 'second_login',
      value: name,
      active: true,
      confirmed: true,
      primary: true,
    });
    expect(await login(name)).toBe('OK');
    expect(await login(holder.secondLogin)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    const heir = await register(service, { secondLogin: holder.secondLogin });
    expect(heir.secondLogin).toBe(holder.secondLogin);

    expect((await eventsOf(holder.userId)).map(({ type }) => type)).toEqual(['contact.deactivated', 'contact.added']);
    expect(JSON.stringify(await eventsOf(holder.userId))).not.toContain(name);
    expect(await noticesOf(holder.userId)).toEqual([
      { recipient: holder.email, template: 'contact_changed', state: 'enqueued' },
    ]);
  });

  it('a phone and an e-mail address wait for their confirmation: nothing is replaced, nobody is told, nothing logs in', async () => {
    const holder = await accountHolder(service, database);
    const { phone } = newPerson();
    const email = newEmail();
    for (const [type, value] of [
      ['phone', phone],
      ['email', email],
    ] as const) {
      expect(await add(holder, type, value)).toMatchObject({ value, active: true, confirmed: false, primary: false });
      expect(await login(value)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    }
    expect(await login(holder.phone)).toBe('OK');
    expect(await login(holder.email)).toBe('OK');
    expect(await contactsOf(holder)).toHaveLength(5);
    expect(await noticesOf(holder.userId)).toEqual([]);
  });

  it('of several new phones only the latest waits: one that was typed wrong is history', async () => {
    const holder = await accountHolder(service, database);
    const [wrong, right] = [newPerson().phone, newPerson().phone];
    await add(holder, 'phone', wrong);
    await add(holder, 'phone', right);
    const phones = (await contactsOf(holder, true)).filter(({ type }) => type === 'phone');
    expect(phones.map(({ value, active }) => [value, active])).toEqual([
      [holder.phone, true],
      [right, true],
      [wrong, false],
    ]);
  });

  it('answers a contact that the account has as it is, in every spelling, and changes nothing', async () => {
    const holder = await accountHolder(service, database);
    const before = await contactsOf(holder, true);
    for (const contact of before) {
      expect(await add(holder, contact.type, ` ${contact.value.toUpperCase()}`)).toEqual(contact);
    }
    expect(await contactsOf(holder, true)).toEqual(before);
    expect(await eventsOf(holder.userId)).toEqual([]);
  });

  it('refuses a second_login that somebody has, and takes nothing away for it', async () => {
    const [holder, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const call = service.accounts.addContact({ type: 'second_login', value: other.secondLogin }, holder.as);
    expect(await refusalOf(call)).toMatchObject({ status: 'ALREADY_EXISTS', reason: 'CONTACT_TAKEN', metadata: {} });
    expect(await login(holder.secondLogin)).toBe('OK');
    expect(await eventsOf(holder.userId)).toEqual([]);
    expect(await noticesOf(holder.userId)).toEqual([]);
  });

  it('answers for an e-mail address that another has confirmed as for one that nobody has', async () => {
    const [holder, other] = [await accountHolder(service, database), await accountHolder(service, database)];
    const taken = await add(holder, 'email', other.email);
    const free = await add(holder, 'email', newEmail());
    const shape = ({ type, active, confirmed, primary }: typeof taken) => ({ type, active, confirmed, primary });
    expect(shape(taken)).toEqual(shape(free));
    expect(await login(other.email)).toBe('OK');
  });

  it('lets exactly one of 10 accounts that want it at once have a second_login, 5 times', async () => {
    const holders = await Promise.all(Array.from({ length: 10 }, () => accountHolder(service, database)));
    for (let round = 0; round < 5; round += 1) {
      const value = `wanted-${randomUUID().slice(0, 8)}`;
      const outcomes = await Promise.all(
        holders.map(({ as }) => outcomeOf(service.accounts.addContact({ type: 'second_login', value }, as))),
      );
      expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(1);
      expect(outcomes.filter((outcome) => outcome === 'ALREADY_EXISTS CONTACT_TAKEN')).toHaveLength(9);
    }
  });

  it('gives an account 20 active contacts and no more, even of 30 calls at once; a replacement still works', async () => {
    const holder = await accountHolder(service, database);
    const outcomes = await Promise.all(
      Array.from({ length: 30 }, () =>
        outcomeOf(service.accounts.addContact({ type: 'email', value: newEmail() }, holder.as)),
      ),
    );
    expect(outcomes.filter((outcome) => outcome === 'OK')).toHaveLength(17);
    expect(outcomes.filter((outcome) => outcome === 'RESOURCE_EXHAUSTED CONTACT_LIMIT')).toHaveLength(13);
    expect(await contactsOf(holder)).toHaveLength(20);
    const oneMore = () => refusalOf(service.accounts.addContact({ type: 'email', value: newEmail() }, holder.as));
    expect(await oneMore()).toMatchObject({ reason: 'CONTACT_LIMIT', metadata: { limit: '20' } });
    await add(holder, 'second_login', `name-${randomUUID().slice(0, 8)}`);
    expect(await contactsOf(holder)).toHaveLength(20);
  });

  it('lets an account give up so many contacts in 30 days, 200 with those that it has, and no more', async () => {
    const holder = await accountHolder(service, database);
    await database.query(
      `insert into accounts.user_contacts (user_id, type, value, is_active, deactivated_at)
       select $1, 'email', 'past-' || n || '@example.com', false, now() from generate_series(1, 196) n`,
      [holder.userId],
    );
    await add(holder, 'email', newEmail());
    const call = () => service.accounts.addContact({ type: 'email', value: newEmail() }, holder.as);
    expect(await refusalOf(call())).toMatchObject({ reason: 'CONTACT_LIMIT', metadata: { limit: '200' } });
    await database.query(
      "update accounts.user_contacts set deactivated_at = now() - interval '31 days' where user_id = $1 and not is_active",
      [holder.userId],
    );
    expect(await outcomeOf(call())).toBe('OK');
  });

  it('the same contact from 8 calls at once is one contact', async () => {
    const holder = await accountHolder(service, database);
    const value = newEmail();
    const answers = await Promise.all(Array.from({ length: 8 }, () => add(holder, 'email', value)));
    expect(new Set(answers.map(({ contactId }) => contactId)).size).toBe(1);
    expect(await contactsOf(holder)).toHaveLength(4);
  });

  it('gives a guest none: an account begins with a registration', async () => {
    const holder = await accountHolder(service, database);
    await database.query('update accounts.users set is_guest = true, password_hash = null where id = $1', [
      holder.userId,
    ]);
    const call = service.accounts.addContact({ type: 'second_login', value: 'a-guest-who-asks' }, holder.as);
    expect(await refusalOf(call)).toMatchObject({ reason: 'ACCOUNT_REQUIRED' });
  });

  it.each(['', 'telegram', 'Phone', 'second_login ', 'email\u0000', "email' or true --", 'x'.repeat(10_000)])(
    'refuses the type %j',
    async (type) => {
      const holder = await theHolder();
      const call = service.accounts.addContact({ type, value: 'free.name' }, holder.as);
      expect(await refusalOf(call)).toMatchObject({ ...INVALID, fields: ['type'] });
    },
  );

  it.each([
    [
      'second_login',
      ['', 'ab', 'a b c', 'x'.repeat(65), '+79110000003', 'a@example.com', 'a\tb', 'abc\u0000', 'ab\uFFFD'],
    ],
    [
      'phone',
      ['', '12', 'taken.name', '+7 911', '++79110000003', '1'.repeat(33), '+79110000003\u0000', '٣'.repeat(11)],
    ],
    [
      'email',
      ['', 'a', '@example.com', 'a@b', 'a b@example.com', 'a@example.com\r\nBcc: b@example.com', '"a"@example.com'],
    ],
    [
      'email',
      [`${'x'.repeat(320)}@example.com`, 'a(b)@example.com', 'a@example.com,b@example.com', 'x'.repeat(500_000)],
    ],
  ])('refuses what is no %s', async (type, values) => {
    const holder = await theHolder();
    for (const value of values) {
      const call = service.accounts.addContact({ type, value }, holder.as);
      expect(await refusalOf(call), JSON.stringify(value.slice(0, 60))).toMatchObject({
        ...INVALID,
        fields: ['value'],
      });
    }
  });
});

describe('SetPrimaryContact', () => {
  it('makes another confirmed address the one that notices go to', async () => {
    const holder = await accountHolder(service, database);
    const second = await add(holder, 'email', newEmail());
    await database.query('update accounts.user_contacts set confirmed_at = now() where id = $1', [second.contactId]);
    const { contact } = await service.accounts.setPrimaryContact({ contactId: second.contactId }, holder.as);
    expect(contact).toMatchObject({ contactId: second.contactId, primary: true });
    const emails = (await contactsOf(holder)).filter(({ type }) => type === 'email');
    expect(emails.map(({ value, primary }) => [value, primary])).toEqual([
      [second.value, true],
      [holder.email, false],
    ]);
    await add(holder, 'second_login', `name-${randomUUID().slice(0, 8)}`);
    expect(await noticesOf(holder.userId)).toEqual([
      { recipient: second.value, template: 'contact_changed', state: 'enqueued' },
    ]);
    // Again: it is as it was, and happened once.
    expect((await service.accounts.setPrimaryContact({ contactId: second.contactId }, holder.as)).contact).toEqual(
      contact,
    );
    expect(
      await database.query(`select data from auth.outbox_events where type = 'contact.made_primary' and user_id = $1`, [
        holder.userId,
      ]),
    ).toEqual([{ data: { contact_id: second.contactId, type: 'email' } }]);
  });

  it('leaves exactly one primary, whoever wins of 20 calls at once', async () => {
    const holder = await accountHolder(service, database);
    for (let count = 0; count < 4; count += 1) await add(holder, 'email', newEmail());
    await database.query('update accounts.user_contacts set confirmed_at = now() where user_id = $1', [holder.userId]);
    const emails = (await contactsOf(holder)).filter(({ type }) => type === 'email');
    const outcomes = await Promise.all(
      Array.from({ length: 20 }, (_, index) => {
        const contactId = emails[index % emails.length]?.contactId ?? '';
        return outcomeOf(service.accounts.setPrimaryContact({ contactId }, holder.as));
      }),
    );
    expect(new Set(outcomes)).toEqual(new Set(['OK']));
    const after = (await contactsOf(holder)).filter(({ type, primary }) => type === 'email' && primary);
    expect(after).toHaveLength(1);
  });

  it('refuses one that is not confirmed', async () => {
    const holder = await accountHolder(service, database);
    const { contactId } = await add(holder, 'email', newEmail());
    expect(await refusalOf(service.accounts.setPrimaryContact({ contactId }, holder.as))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'CONTACT_NOT_CONFIRMED',
    });
  });
});

describe('A contact id', () => {
  const calls = {
    startContactConfirmation: (contactId: string, { as }: Holder) =>
      service.accounts.startContactConfirmation({ contactId }, as),
    setPrimaryContact: (contactId: string, { as }: Holder) => service.accounts.setPrimaryContact({ contactId }, as),
    deactivateContact: (contactId: string, { as }: Holder) => service.accounts.deactivateContact({ contactId }, as),
  };

  describe.each(Object.entries(calls))('in %s', (_name, call) => {
    it('of somebody else, and one that there is not, are one answer', async () => {
      const [holder, other] = [await theHolder(), await accountHolder(service, database)];
      const before = await contactsOf(other, true);
      const ids = [...before.map(({ contactId }) => contactId), randomUUID(), '00000000-0000-0000-0000-000000000000'];
      const refusals = await Promise.all(
        ids.map(async (id) => ({ ...(await refusalOf(call(id, holder))), requestId: null })),
      );
      for (const refusal of refusals) expect(refusal).toEqual(refusals[0]);
      expect(refusals[0]).toMatchObject({ status: 'NOT_FOUND', reason: 'CONTACT_NOT_FOUND' });
      expect(await contactsOf(other, true)).toEqual(before);
    });

    it.each([
      '',
      'no-uuid',
      '1',
      `${randomUUID()} `,
      `{${randomUUID()}}`,
      '\u0000',
      "' or true --",
      'x'.repeat(100_000),
    ])('has to be one: %j is refused', async (id) => {
      expect(await refusalOf(call(id, await theHolder()))).toMatchObject({ ...INVALID, fields: ['contact_id'] });
    });
  });
});

describe('A session of more than 5 minutes ago', () => {
  it('adds, makes primary and deactivates nothing, refreshed or not; a new login does', async () => {
    const holder = await accountHolder(service, database);
    const [email] = await contactsOf(holder);
    const contactId = email?.contactId ?? '';
    await database.query(`update auth.sessions set created_at = now() - interval '301 seconds' where user_id = $1`, [
      holder.userId,
    ]);
    const { tokens } = await service.auth.refresh({ refreshToken: holder.tokens.refreshToken });
    const attempts = (as: Holder['as']) => [
      service.accounts.addContact({ type: 'email', value: newEmail() }, as),
      service.accounts.setPrimaryContact({ contactId }, as),
      service.accounts.deactivateContact({ contactId }, as),
    ];
    for (const as of [holder.as, bearer(tokens?.accessToken ?? '')]) {
      expect(await Promise.all(attempts(as).map(outcomeOf))).toEqual(
        Array.from({ length: 3 }, () => 'UNAUTHENTICATED RECENT_LOGIN_REQUIRED'),
      );
      expect(await contactsOf({ as })).toHaveLength(3);
    }
    const again = await service.auth.login({ login: holder.secondLogin, password: PASSWORD });
    const outcomes = await Promise.all(attempts(bearer(again.tokens?.accessToken ?? '')).map(outcomeOf));
    expect(outcomes[0]).toBe('OK');
    expect(outcomes[2]).toBe('OK');
  });
});

let shared: Promise<Holder> | undefined;
/** One person for all calls that are to change nothing. */
function theHolder(): Promise<Holder> {
  return (shared ??= accountHolder(service, database));
}
