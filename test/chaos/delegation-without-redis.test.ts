import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { roleHolder } from '../support/delegation.ts';
import { addressHolder, foundOrganisation, invite, joinedMember } from '../support/organisations.ts';
import type { RoleHolder } from '../support/organisations.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let other: TestService;
let superadmin: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  // A lease that is long enough for an answer that does not wait to be caught.
  const settings = { DATABASE_URL: database.serviceUrl, REVOCATION_LEASE: '500ms' };
  [service, other] = await Promise.all([startService(settings), startService(settings)]);
  superadmin = await roleHolder(service, database, 'superadmin');
});
afterAll(async () => {
  await Promise.all([service?.stop(), other?.stop()]);
  await database?.drop();
});

/** What the other replica says of somebody's token: his roles, or that it is refused. */
async function rolesElsewhere({ tokens }: RoleHolder): Promise<readonly string[] | 'refused'> {
  const { result } = await other.auth.validateToken({ accessToken: tokens.accessToken });
  return result?.$case === 'principal' ? result.value.roles : 'refused';
}

const asked = ({ userId }: RoleHolder) => ({ userId });
type Act = (user: RoleHolder) => Promise<unknown>;

/** Who it is done to, what, and what his token is worth on the other replica the moment it has answered. */
const ENDS: readonly (readonly [call: string, act: Act])[] = [
  ['EndSession', (user) => service.sessions.endSession({ sessionId: user.sessionId }, user.as)],
  ['DeactivateUser', (user) => service.usersAdmin.deactivateUser(asked(user), superadmin.as)],
  ['DeleteUser', (user) => service.usersAdmin.deleteUser(asked(user), superadmin.as)],
  ['EndUserSessions', (user) => service.usersAdmin.endUserSessions(asked(user), superadmin.as)],
  ['RevokeUserTokens', (user) => service.usersAdmin.revokeUserTokens(asked(user), superadmin.as)],
];

/** Replicas tell each other nothing here: whoever does not wait for the other's lease is caught by the next validation. */
describe('Two replicas without any Redis keep the promise of', () => {
  it.each(ENDS)('%s', async (_call, act) => {
    const users = await Promise.all(Array.from({ length: 10 }, () => roleHolder(service, database, 'driver')));
    const answers = await Promise.all(
      users.map(async (user) => {
        expect(await rolesElsewhere(user)).toEqual(['driver']);
        await act(user);
        return await rolesElsewhere(user);
      }),
    );
    expect(answers).toEqual(users.map(() => 'refused'));
  });

  it('GrantRole and RevokeRole', async () => {
    const users = await Promise.all(Array.from({ length: 10 }, () => roleHolder(service, database, 'driver')));
    for (const user of users) expect(await rolesElsewhere(user)).toEqual(['driver']);
    const after = async (act: Act) =>
      await Promise.all(users.map(async (user) => (await act(user), await rolesElsewhere(user))));
    const role = (user: RoleHolder) => ({ ...asked(user), role: 'courier' });
    expect(await after((user) => service.roles.grantRole(role(user), superadmin.as))).toEqual(
      users.map(() => ['courier', 'driver']),
    );
    expect(await after((user) => service.roles.revokeRole(role(user), superadmin.as))).toEqual(
      users.map(() => ['driver']),
    );
  });

  it('AcceptInvitation', async () => {
    const organisation = await foundOrganisation(service, database);
    const user = await addressHolder(service, database);
    const { token } = await invite(service, database, organisation, user.email, ['courier', 'driver']);
    expect(await rolesElsewhere(user)).toEqual([]);
    await service.organisations.acceptInvitation({ token }, user.as);
    expect(await rolesElsewhere(user)).toEqual(['courier', 'driver']);
  });

  it('RemoveMember', async () => {
    const organisation = await foundOrganisation(service, database);
    const user = await joinedMember(service, database, organisation, 'driver');
    expect(await rolesElsewhere(user)).toEqual(['driver']);
    const request = { organisationId: organisation.organisationId, userId: user.userId };
    await service.organisations.removeMember(request, organisation.head.as);
    expect(await rolesElsewhere(user)).toEqual([]);
  });
});
