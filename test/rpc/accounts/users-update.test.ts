import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Profile } from '../../../src/gen/accounts/v1/profile.ts';
import { auditOfUser } from '../../support/audit.ts';
import { addRoleHolder, roleHolder } from '../../support/delegation.ts';
import type { RoleHolder } from '../../support/organisations.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

const ALL = ['display_name', 'bio', 'country', 'language', 'data'];
const ADA = { displayName: 'Ada', bio: 'Notes.', country: 'GB', language: 'en', data: { desk: 7 } };

let database: TestDatabase;
let service: TestService;
let support: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  support = await roleHolder(service, database, 'support');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

async function update(userId: string, profile: Partial<Profile> | undefined, updateMask: string[] | undefined) {
  const { user } = await service.usersAdmin.updateUser({ userId, profile, updateMask }, support.as);
  if (!user) throw new Error('There is no user.');
  return user;
}

describe('UpdateUser', () => {
  it('changes what the mask names and nothing else', async () => {
    const userId = await addRoleHolder(database.query);
    expect(await update(userId, ADA, ALL)).toMatchObject({ userId, ...ADA });
    expect(await update(userId, { displayName: 'Grace', bio: 'New.', country: 'US' }, ['display_name'])).toMatchObject({
      ...ADA,
      displayName: 'Grace',
    });
    expect(await update(userId, { data: { desk: 8 } }, ['data'])).toMatchObject({ data: { desk: 8 }, bio: 'Notes.' });
    const empty = { displayName: '', bio: '', country: '', language: '', data: {} };
    expect(await update(userId, {}, ['*'])).toMatchObject(empty);
  });

  it('tells the audit the names of the fields, and never their values; a repeat is no event', async () => {
    const userId = await addRoleHolder(database.query);
    const first = await update(userId, ADA, ['bio', 'country']);
    const second = await update(userId, ADA, ['bio', 'country']);
    expect(second.updateTime).toEqual(first.updateTime);
    expect(await auditOfUser(database, userId)).toEqual([
      { action: 'user.updated', actor_id: support.userId, data: { fields: ['bio', 'country'] } },
    ]);
  });

  it('of different fields at the same moment: all of them hold, 20 times', async () => {
    for (let round = 0; round < 20; round += 1) {
      const userId = await addRoleHolder(database.query);
      await Promise.all(ALL.map((name) => update(userId, ADA, [name])));
      const { user } = await service.usersAdmin.getUser({ userId }, support.as);
      expect(user).toMatchObject(ADA);
    }
  });

  it('of a closed account is carried out, of a deleted one refused', async () => {
    const userId = await addRoleHolder(database.query);
    await database.query('update accounts.users set is_active = false, deactivated_at = now() where id = $1', [userId]);
    expect(await update(userId, ADA, ['bio'])).toMatchObject({ bio: 'Notes.' });
    await database.query('update accounts.users set deleted_at = now() where id = $1', [userId]);
    expect(await refusalOf(update(userId, ADA, ['country']))).toMatchObject({
      status: 'FAILED_PRECONDITION',
      reason: 'USER_DELETED',
    });
  });

  it.each([
    [undefined, ['bio'], ['profile']],
    [{}, undefined, ['update_mask']],
    [{}, [], ['update_mask']],
    [{}, ['password_hash'], ['update_mask.paths[0]']],
    [{}, ['displayName', 'roles', ''], ['update_mask.paths[0]', 'update_mask.paths[1]', 'update_mask.paths[2]']],
    [{}, Array.from({ length: 17 }, () => 'bio'), ['update_mask']],
    [
      { displayName: 'ab', bio: 'x'.repeat(501), country: 'XX', language: 'english' },
      ['*'],
      ['profile.bio', 'profile.country', 'profile.display_name', 'profile.language'],
    ],
    [{ data: { big: 'x'.repeat(17_000) } }, ['data'], ['profile.data']],
  ])('refuses %j with the mask %j', async (profile, mask, fields) => {
    const userId = await addRoleHolder(database.query);
    expect(await refusalOf(update(userId, profile, mask))).toMatchObject({
      status: 'INVALID_ARGUMENT',
      reason: 'INVALID_REQUEST',
      fields,
    });
    expect(await auditOfUser(database, userId)).toEqual([]);
  });

  it('refuses the id of nothing', async () => {
    expect(await refusalOf(update('x', ADA, ['bio']))).toMatchObject({ fields: ['user_id'] });
    // All that is wrong is told at once.
    expect(await refusalOf(update('x', ADA, ['no_field']))).toMatchObject({
      fields: ['update_mask.paths[0]', 'user_id'],
    });
  });
});
