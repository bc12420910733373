import { randomUUID } from 'node:crypto';
import pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addOrganisation, addRoleHolder } from '../../../support/delegation.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';
import { RIGHT, WRONG, addContact, newContact } from '../challenge-scene.ts';
import { inParallel } from '../in-parallel.ts';
import { SOME_HASH, only } from '../scene.ts';
import { untilWaiting } from '../waiting.ts';

const ROUNDS = 50;
const REGISTRATIONS = 20;
const RIVALS = 8;
const CROWD = 12;

let database: TestDatabase;
let head: string;
let organisationId: string;
beforeAll(async () => {
  database = await createTestDatabase();
  head = await addRoleHolder(database.query, 'executor_head');
  organisationId = await addOrganisation(database.query, { heads: [head] });
});
afterAll(() => database?.drop());

const query: TestDatabase['query'] = (text, values) => database.query(text, values);

/** An invitation, without the counts of messages. */
async function addInvitation(
  contact: string,
  roles = ['driver'],
  inviter = head,
  to = organisationId,
): Promise<string> {
  const id = randomUUID();
  await query(
    `insert into auth.challenges (id, purpose, method, contact_type, contact, organisation_id, secret_hash, expires_at)
     values ($1, 'invitation', 'link', 'phone', $2, $3, $4, now() + interval '7 days')`,
    [id, contact, to, RIGHT],
  );
  await query(
    'insert into accounts.organisation_invitations (challenge_id, organisation_id, invited_by, roles) values ($1, $2, $3, $4)',
    [id, to, inviter, roles],
  );
  return id;
}
async function addInvited(roles?: string[]) {
  const userId = await addRoleHolder(query);
  const { value } = await addContact(query, userId);
  return { userId, invitationId: await addInvitation(value, roles) };
}
const accept = (client: Pick<pg.Client, 'query'>, userId: string, invitationId: string, hash: string = RIGHT) =>
  client.query<{ outcome: string }>("select * from accounts.accept_invitation($1, $2, $3, 'en')", [
    userId,
    invitationId,
    hash,
  ]);
/** What FinishRegistration gives the function, without what it has read out of the form. */
const register = (client: Pick<pg.Client, 'query'>, invitationId: string, contacts: object[] = []) =>
  client.query('select from accounts.create_user_with_relations($1)', [
    {
      interface: 'customer',
      contacts,
      password_hash: SOME_HASH,
      invitation_id: invitationId,
      invitation_secret_hash: RIGHT,
    },
  ]);
const words = (results: readonly unknown[]) =>
  results.map((result) => (result instanceof pg.DatabaseError ? result.message : 'OK')).toSorted();

describe('accounts.accept_invitation', () => {
  it(`${ROUNDS} links, each in ${RIVALS} transactions at once: one acceptance each`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const { userId, invitationId } = await addInvited();
      const results = await inParallel(database.serviceUrl, RIVALS, (client) => accept(client, userId, invitationId));
      expect(words(results)).toEqual([...Array.from({ length: RIVALS - 1 }, () => 'LINK_INVALID'), 'OK']);
    }
    const given = await query(
      'select from accounts.user_group_memberships where organisation_id = $1 and is_active and granted_by = $2',
      [organisationId, head],
    );
    expect(given).toHaveLength(ROUNDS);
  });

  it('by an account and by a registration at once: one of the two', async () => {
    for (let round = 0; round < 20; round += 1) {
      const { userId, invitationId } = await addInvited();
      const [accepted, registered] = await inParallel(database.serviceUrl, 2, (client, index) =>
        index === 0 ? accept(client, userId, invitationId) : register(client, invitationId),
      );
      // The registration finds the contact taken, or the link used; it never takes it from the account.
      expect(accepted).not.toBeInstanceOf(Error);
      expect(registered).toMatchObject({
        message: expect.stringMatching(/^(VERIFY_USER_ALREADY_VERIFIED|REGISTER_USER_ALREADY_EXISTS)$/),
      });
    }
  });

  it('wants the secret, and another is not told from an unknown invitation', async () => {
    const { userId, invitationId } = await addInvited();
    for (const [id, hash] of [
      [invitationId, WRONG],
      [randomUUID(), RIGHT],
    ] as const) {
      await expect(accept({ query: database.query } as never, userId, id, hash)).rejects.toThrow('LINK_INVALID');
    }
    await accept({ query: database.query } as never, userId, invitationId);
  });

  it.each([
    ['demotion of the inviter', 'select from accounts.update_member($1, $3, $2, false)'],
    ['removal of the inviter', 'select from accounts.remove_member($1, $3, $2)'],
    ['loss of his role', "select from accounts.revoke_role($1, $2, 'executor_head', null) where $3::uuid is not null"],
  ])('waits for a %s that is under way, and then refuses', async (_, change) => {
    const inviter = await addRoleHolder(query, 'executor_head');
    const actor = await addRoleHolder(query, 'superadmin');
    const place = await addOrganisation(query, { heads: [inviter, actor] });
    const userId = await addRoleHolder(query);
    const { value } = await addContact(query, userId);
    const invitationId = await addInvitation(value, ['driver'], inviter, place);
    const connect = () => new pg.Client({ connectionString: database.serviceUrl });
    const [demoter, joiner] = [connect(), connect()] as const;
    await Promise.all([demoter.connect(), joiner.connect()]);
    try {
      await demoter.query('begin');
      await demoter.query(change, [actor, inviter, place]);
      const accepting = accept(joiner, userId, invitationId).then(
        ({ rows }) => only(rows).outcome,
        (error: Error) => error.message,
      );
      await untilWaiting(query, 'accounts.accept_invitation');
      await demoter.query('commit');
      expect(await accepting).toBe('refused');
    } finally {
      await Promise.all([demoter.end(), joiner.end()]);
    }
  });

  it('is refused under locks that hold until its event is committed', async () => {
    const inviter = await addRoleHolder(query);
    const place = await addOrganisation(query, { heads: [inviter] });
    const userId = await addRoleHolder(query);
    const { value } = await addContact(query, userId);
    const invitationId = await addInvitation(value, ['driver'], inviter, place);
    const joiner = new pg.Client({ connectionString: database.serviceUrl });
    await joiner.connect();
    try {
      await joiner.query('begin');
      expect(only((await accept(joiner, userId, invitationId)).rows).outcome).toBe('refused');
      for (const id of [inviter, userId]) {
        await expect(query('select from accounts.users where id = $1 for no key update nowait', [id])).rejects.toThrow(
          'could not obtain lock',
        );
      }
    } finally {
      await joiner.end();
    }
  });

  it(`${CROWD} who join, leave, promote, demote and invite each other at random: nothing waits in a circle`, async () => {
    const people = await Promise.all(Array.from({ length: 4 }, () => addRoleHolder(query, 'executor_head')));
    const place = await addOrganisation(query, { heads: people });
    const contacts = await Promise.all(people.map((id) => addContact(query, id)));
    const random = (below: number) => Math.floor(Math.random() * below);
    const seen = new Map<string, number>();
    await inParallel(database.serviceUrl, CROWD, async (client) => {
      for (let step = 0; step < 60; step += 1) {
        const [actor, index] = [people[random(4)], random(4)];
        const [user, contact] = [people[index], contacts[index]];
        const id = randomUUID();
        const work = [
          () => client.query('select accounts.remove_member($1, $2, $3)', [actor, place, user]),
          () => client.query('select accounts.update_member($1, $2, $3, $4)', [actor, place, user, step % 2 === 0]),
          () =>
            client.query(
              "select accounts.invite_member($1, $2, $3, 'phone', $4, '{driver}', $5, '1 day', 'en', 1000000)",
              [actor, place, id, contact?.value, RIGHT],
            ),
          async () => {
            const open = await query<{ id: string }>(
              'select id from auth.challenges where organisation_id = $1 and contact = $2 and ended_at is null',
              [place, contact?.value],
            );
            return await accept(client, user ?? '', open[0]?.id ?? id);
          },
        ][random(4)];
        const word = await work?.().then(
          () => 'OK',
          (error: unknown) => {
            if (error instanceof pg.DatabaseError && error.code === 'AU001') return error.message;
            throw error;
          },
        );
        seen.set(word ?? '', (seen.get(word ?? '') ?? 0) + 1);
        await query('delete from auth.message_quotas where next_at > now()');
      }
    }).then((results) => expect(words(results)).toEqual(Array.from({ length: CROWD }, () => 'OK')));
    console.log(JSON.stringify(Object.fromEntries(seen)));
    const heads = await query(
      'select from accounts.organisation_members where organisation_id = $1 and is_head and deleted_at is null',
      [place],
    );
    expect(heads.length).toBeGreaterThanOrEqual(1);
  });
});

describe('accounts.create_user_with_relations by an invitation', () => {
  it(`${REGISTRATIONS} links, each in ${RIVALS} transactions at once: one user each`, async () => {
    const before = await query('select from accounts.users');
    for (let round = 0; round < REGISTRATIONS; round += 1) {
      const invitationId = await addInvitation(newContact());
      const results = await inParallel(database.serviceUrl, RIVALS, (client) => register(client, invitationId));
      expect(words(results)).toEqual([
        'OK',
        ...Array.from({ length: RIVALS - 1 }, () => 'VERIFY_USER_ALREADY_VERIFIED'),
      ]);
    }
    expect(await query('select from accounts.users')).toHaveLength(before.length + REGISTRATIONS);
  });

  it('takes the contact from the invitation, whatever else is said', async () => {
    const contact = newContact();
    const invitationId = await addInvitation(contact);
    await register({ query: database.query } as never, invitationId, [{ type: 'email', value: 'typed@example.com' }]);
    const { user_id: userId } = only(
      await query<{ user_id: string }>('select user_id from accounts.user_contacts where value = $1', [contact]),
    );
    expect(
      await query(
        'select type, value, confirmed_at is not null as is_confirmed from accounts.user_contacts where user_id = $1 order by type',
        [userId],
      ),
    ).toEqual([
      { type: 'email', value: 'typed@example.com', is_confirmed: false },
      { type: 'phone', value: contact, is_confirmed: true },
    ]);
  });

  it('of an unknown one creates nobody', async () => {
    const before = await query('select from accounts.users');
    await expect(register({ query: database.query } as never, randomUUID())).rejects.toThrow('VERIFY_USER_BAD_TOKEN');
    expect(await query('select from accounts.users')).toHaveLength(before.length);
  });
});
