import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { accountHolder, newEmail } from '../../support/account-holders.ts';
import { latestLinkToken } from '../../support/challenges.ts';
import { outcomeOf } from '../../support/outcome.ts';
import { PASSWORD, bearer, register } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const LAST_LOGIN = 'FAILED_PRECONDITION CONTACT_LAST_LOGIN';

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

/** The active contacts by type; of several e-mail addresses the primary one. */
async function contactIds({ as }: Holder) {
  const { contacts } = await service.accounts.listContacts({}, as);
  const idOf = (type: string) => contacts.find((contact) => contact.type === type)?.contactId ?? '';
  return { email: idOf('email'), phone: idOf('phone'), secondLogin: idOf('second_login') };
}

const deactivate = (contactId: string, { as }: Holder) => service.accounts.deactivateContact({ contactId }, as);
const login = (name: string) => outcomeOf(service.auth.login({ login: name, password: PASSWORD }));
const activeOf = async (userId: string) =>
  (
    await database.query<{ type: string }>(
      'select type from accounts.user_contacts where user_id = $1 and is_active order by type',
      [userId],
    )
  ).map(({ type }) => type);

/** Somebody who has only ever logged in with codes. */
async function withoutPassword() {
  const holder = await accountHolder(service, database);
  await database.query('update accounts.users set password_hash = null where id = $1', [holder.userId]);
  return holder;
}

describe('DeactivateContact', () => {
  it('takes it out of use: it logs nobody in, is free for others, and stays as history', async () => {
    const holder = await accountHolder(service, database);
    const { email } = await contactIds(holder);
    const { contact } = await deactivate(email, holder);
    expect(contact).toMatchObject({ contactId: email, active: false, primary: false, confirmed: true });
    expect(contact?.deactivateTime).toBeInstanceOf(Date);
    expect(await login(holder.email)).toBe('UNAUTHENTICATED CREDENTIALS_INVALID');
    expect(await login(holder.secondLogin)).toBe('OK');
    const { contacts } = await service.accounts.listContacts({ includeHistory: true }, holder.as);
    expect(contacts.at(-1)).toEqual(contact);

    const heir = await accountHolder(service, database, { email: holder.email });
    expect(await login(heir.email)).toBe('OK');
    const events = await database.query(
      `select data from auth.outbox_events where user_id = $1 and type = 'contact.deactivated'`,
      [holder.userId],
    );
    expect(events).toEqual([{ data: { contact_id: email, type: 'email' } }]);
    // Told at the address that was his until now.
    const notices = await database.query('select recipient, template from auth.messages where user_id = $1', [
      holder.userId,
    ]);
    expect(notices).toEqual([{ recipient: holder.email, template: 'contact_changed' }]);
  });

  it('answers a repeat with the contact as it is, and does nothing more', async () => {
    const holder = await accountHolder(service, database);
    const { phone } = await contactIds(holder);
    const first = await deactivate(phone, holder);
    expect(await deactivate(phone, holder)).toEqual(first);
    const written = await database.query<{ events: number; messages: number }>(
      `select (select count(*)::int from auth.outbox_events where user_id = $1 and type = 'contact.deactivated') as events,
              (select count(*)::int from auth.messages where user_id = $1) as messages`,
      [holder.userId],
    );
    expect(written).toEqual([{ events: 1, messages: 1 }]);
  });

  it('makes the one that was confirmed first the primary in its place', async () => {
    const holder = await accountHolder(service, database);
    const later = [newEmail(), newEmail()];
    for (const value of later) await service.accounts.addContact({ type: 'email', value }, holder.as);
    await database.query(
      `update accounts.user_contacts set confirmed_at = now() + case value when $2 then interval '1 s' else interval '0' end
        where user_id = $1 and confirmed_at is null`,
      [holder.userId, later[0]],
    );
    await deactivate((await contactIds(holder)).email, holder);
    const { contacts } = await service.accounts.listContacts({}, holder.as);
    expect(contacts.filter(({ type, primary }) => type === 'email' && primary).map(({ value }) => value)).toEqual([
      later[1],
    ]);
  });

  it('kills the links and codes on their way to it', async () => {
    const holder = await accountHolder(service, database);
    const email = newEmail();
    const { contact } = await service.accounts.addContact({ type: 'email', value: email }, holder.as);
    const contactId = contact?.contactId ?? '';
    await service.accounts.startContactConfirmation({ contactId }, holder.as);
    await deactivate(contactId, holder);
    const proof = { $case: 'token' as const, value: await latestLinkToken(database, email) };
    expect(await outcomeOf(service.accounts.finishContactConfirmation({ proof }, holder.as))).toBe(
      'INVALID_ARGUMENT LINK_INVALID',
    );
  });

  describe('keeps the last way to log in', () => {
    it('with a password: the last confirmed contact, of whatever type', async () => {
      for (const last of ['email', 'phone', 'secondLogin'] as const) {
        const holder = await accountHolder(service, database);
        const ids = await contactIds(holder);
        const others = Object.entries(ids).filter(([name]) => name !== last);
        for (const [, id] of others) await deactivate(id, holder);
        expect(await refusalOf(deactivate(ids[last], holder))).toMatchObject({
          status: 'FAILED_PRECONDITION',
          reason: 'CONTACT_LAST_LOGIN',
        });
        expect(await login(holder[last])).toBe('OK');
      }
    });

    it('with a password: contacts that are not confirmed are no way in', async () => {
      const person = await register(service, { email: newEmail() });
      const holder = { ...person, as: bearer(person.tokens.accessToken) };
      const ids = await contactIds(holder);
      expect(await outcomeOf(deactivate(ids.secondLogin, holder))).toBe(LAST_LOGIN);
      // They may go, being none.
      expect(await outcomeOf(deactivate(ids.email, holder))).toBe('OK');
      expect(await outcomeOf(deactivate(ids.phone, holder))).toBe('OK');
      expect(await outcomeOf(deactivate(ids.secondLogin, holder))).toBe(LAST_LOGIN);
    });

    it('without a password: the last confirmed contact that a code can be sent to', async () => {
      const holder = await withoutPassword();
      const ids = await contactIds(holder);
      expect(await outcomeOf(deactivate(ids.email, holder))).toBe('OK');
      expect(await outcomeOf(deactivate(ids.phone, holder))).toBe(LAST_LOGIN);
      expect(await outcomeOf(deactivate(ids.secondLogin, holder))).toBe('OK');
      expect(await outcomeOf(deactivate(ids.phone, holder))).toBe(LAST_LOGIN);
      expect(await activeOf(holder.userId)).toEqual(['phone']);
    });

    it('of the last two at the same moment exactly one goes, 25 times', async () => {
      for (let round = 0; round < 25; round += 1) {
        const holder = round % 2 === 0 ? await withoutPassword() : await accountHolder(service, database);
        const ids = await contactIds(holder);
        if (round % 2 === 1) await deactivate(ids.secondLogin, holder);
        const outcomes = await Promise.all(
          [ids.email, ids.phone].map((contactId) => outcomeOf(deactivate(contactId, holder))),
        );
        expect([...outcomes].sort()).toEqual([LAST_LOGIN, 'OK']);
      }
    });
  });
});
