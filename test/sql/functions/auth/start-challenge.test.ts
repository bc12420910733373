import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { NewChallenge } from '../../../../src/db/challenge-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import {
  RIGHT,
  addContact,
  connectChallenges,
  newChallenge,
  newContact,
  refusalOf,
  servePause,
  stateOf,
} from '../challenge-scene.ts';
import type { Challenges } from '../challenge-scene.ts';
import { addUser, only } from '../scene.ts';

let database: TestDatabase;
let challenges: Challenges;
beforeAll(async () => {
  database = await createTestDatabase();
  challenges = connectChallenges(database);
});
afterAll(async () => {
  await challenges?.end();
  await database?.drop();
});

const query: TestDatabase['query'] = (text, values) => database.query(text, values);
const CODE_LOGIN = { purpose: 'code_login' } as const;
const PASSWORD_RESET = { purpose: 'password_reset' } as const;

/** What was written for a challenge. */
const messageOf = async (id: string) =>
  only(
    await query<Record<string, unknown>>(
      `select m.state, m.template, m.channel, m.recipient, m.user_id, m.expires_at = h.expires_at as ends_with_it
         from auth.messages m join auth.challenges h on h.id = m.challenge_id where h.id = $1`,
      [id],
    ),
  );

/** Everything that a Start writes. */
const everything = async () =>
  only(
    await query(`
      select (select jsonb_agg(q order by q.subject) from auth.message_quotas q) as quotas,
             (select jsonb_agg(h order by h.id) from auth.challenges h) as challenges,
             (select jsonb_agg(m order by m.id) from auth.messages m) as messages`),
  );

/** A contact with a relation to accounts, by what it is to them. */
const CONTACTS = {
  'that nobody has': async () => newContact(),
  'that somebody has confirmed': async () => (await addContact(query, await addUser(query))).value,
  'that is only claimed': async () => (await addContact(query, await addUser(query), { isConfirmed: false })).value,
  'of another type': async () => (await addContact(query, await addUser(query), { type: 'email' })).value,
  'that is history': async () => {
    const { id, value } = await addContact(query, await addUser(query));
    await query('update accounts.user_contacts set is_active = false, deactivated_at = now() where id = $1', [id]);
    return value;
  },
  'of somebody deactivated': async () => {
    const userId = await addUser(query);
    await query('update accounts.users set is_active = false where id = $1', [userId]);
    return (await addContact(query, userId)).value;
  },
  'of somebody deleted': async () => {
    const userId = await addUser(query);
    await query('update accounts.users set deleted_at = now() where id = $1', [userId]);
    return (await addContact(query, userId)).value;
  },
};
type Kind = keyof typeof CONTACTS;

const REGISTERS = { ...CODE_LOGIN, registers: true };
const REGISTRATION = { purpose: 'registration', method: 'link' } as const;
type Row = [asked: Partial<NewChallenge>, kind: Kind, state: string, template: string, isSomebodys: boolean];

const SENT: readonly Row[] = [
  [CODE_LOGIN, 'that somebody has confirmed', 'pending', 'code_login', true],
  [CODE_LOGIN, 'that nobody has', 'suppressed', 'code_login', false],
  [CODE_LOGIN, 'that is only claimed', 'suppressed', 'code_login', false],
  [CODE_LOGIN, 'of another type', 'suppressed', 'code_login', false],
  [CODE_LOGIN, 'that is history', 'suppressed', 'code_login', false],
  [CODE_LOGIN, 'of somebody deactivated', 'suppressed', 'code_login', false],
  [CODE_LOGIN, 'of somebody deleted', 'suppressed', 'code_login', false],
  [REGISTERS, 'that somebody has confirmed', 'pending', 'code_login', true],
  [REGISTERS, 'that nobody has', 'pending', 'code_login', false],
  [REGISTERS, 'that is only claimed', 'pending', 'code_login', false],
  [REGISTERS, 'that is history', 'pending', 'code_login', false],
  // Reserved for whoever it was: nobody may register with it.
  [REGISTERS, 'of somebody deactivated', 'suppressed', 'code_login', false],
  [PASSWORD_RESET, 'that somebody has confirmed', 'pending', 'password_reset', true],
  [PASSWORD_RESET, 'that nobody has', 'suppressed', 'password_reset', false],
  [PASSWORD_RESET, 'that is only claimed', 'suppressed', 'password_reset', false],
  [PASSWORD_RESET, 'of somebody deactivated', 'suppressed', 'password_reset', false],
  [REGISTRATION, 'that nobody has', 'pending', 'registration', false],
  [REGISTRATION, 'that is only claimed', 'pending', 'registration', false],
  [REGISTRATION, 'that is history', 'pending', 'registration', false],
  [REGISTRATION, 'that somebody has confirmed', 'pending', 'registration_taken', false],
  [REGISTRATION, 'of somebody deactivated', 'pending', 'registration_taken', false],
];

describe('auth.start_challenge', () => {
  it.each(SENT)('%j to a contact %s: %s %s, and the answer is the same', async (asked, kind, state, template, own) => {
    const contact = await CONTACTS[kind]();
    const challenge = newChallenge({ ...asked, contact });
    const answer = await challenges.startChallenge(challenge);
    expect(answer).toBe(60_000);
    const { user_id: userId, ...message } = await messageOf(challenge.id);
    expect(message).toEqual({ state, template, channel: 'sms', recipient: contact, ends_with_it: true });
    expect(userId !== null).toBe(own);
    expect(await stateOf(query, challenge.id)).toEqual({
      tries_left: challenge.method === 'code' ? 5 : null,
      end_cause: null,
      user_id: userId,
    });
  });

  it('puts nothing of a secret into the queue', async () => {
    const challenge = newChallenge();
    await challenges.startChallenge(challenge);
    const { row } = only(
      await query<{ row: string }>('select m::text as row from auth.messages m where m.challenge_id = $1', [
        challenge.id,
      ]),
    );
    expect(row).not.toContain(RIGHT);
  });

  it('ends the code or link that it replaces, and no other', async () => {
    const contact = newContact();
    const others = [newChallenge({ contact, purpose: 'password_reset' }), newChallenge()];
    for (const other of others) await challenges.startChallenge(other);
    const [first, second] = [newChallenge({ contact }), newChallenge({ contact })];
    await challenges.startChallenge(first);
    await servePause(query, first);
    await challenges.startChallenge(second);
    expect((await stateOf(query, first.id)).end_cause).toBe('replaced');
    for (const { id } of [second, ...others]) expect((await stateOf(query, id)).end_cause).toBeNull();
  });
});

describe('The confirmation of a contact', () => {
  const confirmation = (contact: { id: string; type: string; value: string }, userId: string) =>
    newChallenge({
      purpose: 'contact_confirmation',
      contactType: contact.type,
      contact: contact.value,
      contactId: contact.id,
      userId,
    });

  it('is sent to its owner, whose challenge it is', async () => {
    const userId = await addUser(query);
    const challenge = confirmation(await addContact(query, userId, { isConfirmed: false }), userId);
    await challenges.startChallenge(challenge);
    expect(await messageOf(challenge.id)).toMatchObject({
      state: 'pending',
      template: 'contact_confirmation',
      user_id: userId,
    });
  });

  it('of an address that two claim is one challenge each', async () => {
    const value = newContact();
    const claims = [];
    for (const userId of [await addUser(query), await addUser(query)]) {
      const claim = confirmation(await addContact(query, userId, { value, isConfirmed: false }), userId);
      await challenges.startChallenge(claim);
      await servePause(query, claim);
      claims.push(claim);
    }
    for (const { id } of claims) expect((await stateOf(query, id)).end_cause).toBeNull();
  });

  it('is refused for one that is confirmed, and leaves nothing', async () => {
    const userId = await addUser(query);
    const contact = await addContact(query, userId);
    const before = await everything();
    const refusal = await refusalOf(challenges.startChallenge(confirmation(contact, userId)));
    expect(refusal.word).toBe('CONTACT_ALREADY_CONFIRMED');
    expect(await everything()).toEqual(before);
  });

  it("does not find somebody else's, or what does not fit, and leaves nothing", async () => {
    const userId = await addUser(query);
    const contact = await addContact(query, userId, { isConfirmed: false });
    const history = await addContact(query, userId, { isConfirmed: false });
    await query('update accounts.user_contacts set is_active = false, deactivated_at = now() where id = $1', [
      history.id,
    ]);
    const before = await everything();
    const wrong = [
      confirmation(contact, await addUser(query)),
      confirmation({ ...contact, id: randomUUID() }, userId),
      confirmation({ ...contact, value: newContact() }, userId),
      confirmation({ ...contact, type: 'email' }, userId),
      confirmation(history, userId),
      { ...confirmation(contact, userId), contactId: null },
      { ...confirmation(contact, userId), userId: null },
    ];
    for (const each of wrong) {
      expect((await refusalOf(challenges.startChallenge(each))).word).toBe('CONTACT_NOT_FOUND');
    }
    expect(await everything()).toEqual(before);
  });
});

/** Seconds; the machine may have been slow for some of them. */
function expectNearly(seconds: number | undefined, expected: number): void {
  expect(seconds).toBeLessThanOrEqual(expected);
  expect(seconds).toBeGreaterThan(expected - 30);
}

describe('A flood of messages', () => {
  it.each([
    ['of somebody', async () => CONTACTS['that somebody has confirmed']()],
    ['of nobody', async () => newContact()],
  ])('to a contact %s is slowed down: 60 s, 2, 5, 10 and 10 minutes', async (_whose, contactOf) => {
    const contact = await contactOf();
    for (const pause of [60, 120, 300, 600, 600]) {
      expectNearly((await challenges.startChallenge(newChallenge({ contact }))) / 1000, pause);
      const { word, retryAfter } = await refusalOf(challenges.startChallenge(newChallenge({ contact })));
      expect(word).toBe('MESSAGES_THROTTLED');
      expectNearly(retryAfter, pause);
      await servePause(query, { ...CODE_LOGIN, contact });
    }
  });

  it('is counted by contact and day, whatever the purposes are, and a day later anew', async () => {
    const start = (purpose: NewChallenge['purpose']) =>
      challenges.startChallenge(newChallenge({ contact, purpose, contactLimit: 3 }));
    const contact = newContact();
    for (const purpose of ['code_login', 'password_reset', 'registration'] as const) await start(purpose);
    await servePause(query, { ...CODE_LOGIN, contact });
    const { word, retryAfter } = await refusalOf(start('code_login'));
    expect(word).toBe('MESSAGES_THROTTLED');
    expectNearly(retryAfter, 86_400);
    await query('update auth.message_quotas set expires_at = now() where subject = $1', [`contact:${contact}`]);
    expect(await start('code_login')).toBeGreaterThan(60_000);
  });

  it('is counted by network and hour, whoever is written to; without a network it is not', async () => {
    const network = `network-${randomUUID()}`;
    const start = (of: string | null) => challenges.startChallenge(newChallenge({ network: of, networkLimit: 2 }));
    for (const of of [network, network, null, null, null]) await start(of);
    const { word, retryAfter } = await refusalOf(start(network));
    expect(word).toBe('MESSAGES_THROTTLED');
    expectNearly(retryAfter, 3600);
    await start(`network-${randomUUID()}`);
  });

  it('leaves all counts as they were, whichever it is that refuses', async () => {
    const [contact, network] = [newContact(), `network-${randomUUID()}`];
    await challenges.startChallenge(newChallenge({ contact, network }));
    const before = await everything();
    const refused: Partial<NewChallenge>[] = [
      { contact, network },
      { contact, network, purpose: 'password_reset', contactLimit: 1 },
      { contact, network, purpose: 'password_reset', networkLimit: 1 },
      { network, networkLimit: 1 },
    ];
    for (const each of refused) {
      expect((await refusalOf(challenges.startChallenge(newChallenge(each)))).word).toBe('MESSAGES_THROTTLED');
    }
    expect(await everything()).toEqual(before);
  });

  /** How many of parallel Starts got through; every other one is refused as throttled. */
  async function admitted(asked: readonly NewChallenge[]): Promise<number> {
    const outcomes = await Promise.allSettled(asked.map((each) => challenges.startChallenge(each)));
    const refused = outcomes.filter((each) => each.status === 'rejected');
    const words = await Promise.all(refused.map(({ reason }) => refusalOf(Promise.reject(reason as Error))));
    expect(new Set(words.map(({ word }) => word))).toEqual(new Set(['MESSAGES_THROTTLED']));
    return outcomes.length - refused.length;
  }

  it.each([
    ['of somebody', async () => CONTACTS['that somebody has confirmed']()],
    ['of nobody', async () => newContact()],
  ])('of 60 parallel Starts to a contact %s lets one through', async (_whose, contactOf) => {
    const contact = await contactOf();
    expect(await admitted(Array.from({ length: 60 }, () => newChallenge({ contact })))).toBe(1);
    const count = 'select count(*)::int as live from auth.challenges where contact = $1 and ended_at is null';
    expect(await query(count, [contact])).toEqual([{ live: 1 }]);
  });

  it('of 60 parallel Starts from one network lets exactly as many through as it may', async () => {
    const network = `network-${randomUUID()}`;
    const asked = Array.from({ length: 60 }, () => newChallenge({ network, networkLimit: 7 }));
    expect(await admitted(asked)).toBe(7);
  });

  it('of 200 parallel Starts that share contacts, purposes and networks meets no deadlock', async () => {
    const contacts = Array.from({ length: 4 }, newContact);
    const networks = Array.from({ length: 2 }, () => `network-${randomUUID()}`);
    const asked = Array.from({ length: 200 }, (_, n) =>
      newChallenge({
        contact: contacts[n % 4] ?? '',
        purpose: n % 3 === 0 ? 'code_login' : 'password_reset',
        network: networks[n % 2] ?? '',
        networkLimit: 1000,
      }),
    );
    expect(await admitted(asked)).toBe(8);
  });
});
