import { randomUUID } from 'node:crypto';
import { UserState } from '../../src/gen/accounts/v1/user.ts';
import { OrganisationsServiceDefinition } from '../../src/gen/accounts/v1/organisations_service.ts';
import { RolesServiceDefinition } from '../../src/gen/accounts/v1/roles_service.ts';
import { ImportUsersRequest, UsersAdminServiceDefinition } from '../../src/gen/accounts/v1/users_admin_service.ts';
import { UsersServiceDefinition } from '../../src/gen/accounts/v1/users_service.ts';
import { AuditServiceDefinition } from '../../src/gen/auth/v1/audit_service.ts';
import { SessionsServiceDefinition } from '../../src/gen/auth/v1/sessions_service.ts';
import { addressHolder, foundOrganisation, invitationToken, newEmail } from '../../test/support/organisations.ts';
import { roleHolder } from '../../test/support/delegation.ts';
import { openSession } from '../../test/support/sessions.ts';
import type { Side } from './side.ts';

/** Prepares a call, which is not timed, and returns it. */
type Prepare = (side: Side) => Promise<() => Promise<unknown>> | (() => Promise<unknown>);

/** What is asked of an rpc: one thing, or several by name. */
type Asked = Prepare | Readonly<Record<string, Prepare>>;

const HOUR = 3_600_000;
const BATCH = 100;
const newUser = () => ({ contacts: [{ type: 'email', value: newEmail() }], roles: ['driver'] });

const ROLES: Readonly<Record<string, Asked>> = {
  ListAssignableRoles: ({ roles, superadmin, anybody }) => {
    const userId = anybody();
    return () => roles.listAssignableRoles({ userId }, superadmin.as);
  },
  GrantRole: ({ roles, superadmin, anybody }) => {
    const userId = anybody();
    return () => roles.grantRole({ userId, role: 'order_desk' }, superadmin.as);
  },
  RevokeRole: async ({ roles, superadmin, anybody }) => {
    const asked = { userId: anybody(), role: 'waybill_desk' };
    await roles.grantRole(asked, superadmin.as);
    return () => roles.revokeRole(asked, superadmin.as);
  },
};

const SESSIONS: Readonly<Record<string, Asked>> = {
  ListSessions:
    ({ sessions, superadmin }) =>
    () =>
      sessions.listSessions({}, superadmin.as),
  EndSession: async (side) => {
    const holder = await roleHolder(side, side.database, 'customer');
    const { sessionId } = await openSession(side.database, holder.userId);
    return () => side.sessions.endSession({ sessionId }, holder.as);
  },
  EndOtherSessions: async (side) => {
    const holder = await roleHolder(side, side.database, 'customer');
    await openSession(side.database, holder.userId);
    return () => side.sessions.endOtherSessions({}, holder.as);
  },
};

const ORGANISATIONS: Readonly<Record<string, Asked>> = {
  CreateOrganisation: async (side) => {
    const head = await roleHolder(side, side.database, 'executor_head');
    return () => side.organisations.createOrganisation({ name: 'Another' }, head.as);
  },
  ListOrganisations: async ({ organisations, anyOrganisation }) => {
    const { head } = await anyOrganisation();
    return () => organisations.listOrganisations({}, head.as);
  },
  ListMembers: {
    all: async ({ organisations, anyOrganisation }) => {
      const { head, organisationId } = await anyOrganisation();
      return () => organisations.listMembers({ organisationId }, head.as);
    },
    'by role': async ({ organisations, anyOrganisation }) => {
      const { head, organisationId } = await anyOrganisation();
      return () => organisations.listMembers({ organisationId, role: 'driver' }, head.as);
    },
  },
  InviteMember: async (side) => {
    const { head, organisationId } = await foundOrganisation(side, side.database);
    const asked = { organisationId, contactType: 'email', contact: newEmail(), roles: ['driver'] };
    return () => side.organisations.inviteMember(asked, head.as);
  },
  ListInvitations: async ({ organisations, anyOrganisation }) => {
    const { head, organisationId } = await anyOrganisation();
    return () => organisations.listInvitations({ organisationId }, head.as);
  },
  CancelInvitation: async (side) => {
    const organisation = await foundOrganisation(side, side.database);
    const { invitationId } = await inviteSomebody(side, organisation, newEmail());
    return () => side.organisations.cancelInvitation({ invitationId }, organisation.head.as);
  },
  AcceptInvitation: async (side) => {
    const organisation = await foundOrganisation(side, side.database);
    const guest = await addressHolder(side, side.database);
    const { token } = await inviteSomebody(side, organisation, guest.email);
    return () => side.organisations.acceptInvitation({ token }, guest.as);
  },
  UpdateMember: async (side) => {
    const { head, organisationId } = await side.anyOrganisation();
    const asked = { organisationId, userId: await memberOf(side, organisationId), isHead: true };
    return () => side.organisations.updateMember(asked, head.as);
  },
  RemoveMember: async (side) => {
    const { head, organisationId } = await side.anyOrganisation();
    const userId = await memberOf(side, organisationId);
    return () => side.organisations.removeMember({ organisationId, userId }, head.as);
  },
};

const LIST_USERS = {
  all: () => ({}),
  'by state': () => ({ state: UserState.DEACTIVATED }),
  'by frequent role': () => ({ role: 'customer' }),
  'by rare role': () => ({ role: 'support' }),
  'by contact': () => ({ contactPrefix: 'person9' }),
  'by role and contact': () => ({ role: 'courier', contactPrefix: 'person9' }),
  'by role and state': () => ({ role: 'support', state: UserState.DELETED }),
};

const USERS_ADMIN: Readonly<Record<string, Asked>> = {
  CreateUser: ({ usersAdmin, superadmin }) => {
    const user = newUser();
    return () => usersAdmin.createUser(user, superadmin.as);
  },
  GetUser: ofAnybody((side, userId) => side.usersAdmin.getUser({ userId }, side.superadmin.as)),
  BatchGetUsers: ({ usersAdmin, superadmin, people }) => {
    const userIds = people(BATCH);
    return () => usersAdmin.batchGetUsers({ userIds }, superadmin.as);
  },
  ListUsers: {
    ...Object.fromEntries(
      Object.entries(LIST_USERS).map(([name, filter]): [string, Prepare] => [
        name,
        ({ usersAdmin, superadmin }) =>
          () =>
            usersAdmin.listUsers(filter(), superadmin.as),
      ]),
    ),
    'by organisation': async ({ usersAdmin, superadmin, anyOrganisation }) => {
      const { organisationId } = await anyOrganisation();
      return () => usersAdmin.listUsers({ organisationId }, superadmin.as);
    },
  },
  UpdateUser: ofAnybody((side, userId) =>
    side.usersAdmin.updateUser(
      { userId, profile: { displayName: 'Somebody' }, updateMask: ['display_name'] },
      side.superadmin.as,
    ),
  ),
  DeactivateUser: ofAnybody((side, userId) => side.usersAdmin.deactivateUser({ userId }, side.superadmin.as)),
  ReactivateUser: async ({ usersAdmin, superadmin, anybody }) => {
    const userId = anybody();
    await usersAdmin.deactivateUser({ userId }, superadmin.as);
    return () => usersAdmin.reactivateUser({ userId }, superadmin.as);
  },
  DeleteUser: ofAnybody((side, userId) => side.usersAdmin.deleteUser({ userId }, side.superadmin.as)),
  RestoreUser: async ({ usersAdmin, superadmin, anybody }) => {
    const userId = anybody();
    await usersAdmin.deleteUser({ userId }, superadmin.as);
    return () => usersAdmin.restoreUser({ userId }, superadmin.as);
  },
  ResetUserPassword: ofAnybody((side, userId) => side.usersAdmin.resetUserPassword({ userId }, side.superadmin.as)),
  ListUserSessions: ofAnybody((side, userId) => side.usersAdmin.listUserSessions({ userId }, side.superadmin.as)),
  EndUserSessions: ofAnybody((side, userId) => side.usersAdmin.endUserSessions({ userId }, side.superadmin.as)),
  RevokeUserTokens: ofAnybody((side, userId) => side.usersAdmin.revokeUserTokens({ userId }, side.superadmin.as)),
  ImportUsers: ({ usersAdmin, superadmin }) => {
    const users = Array.from({ length: BATCH }, newUser);
    return async () => {
      for await (const { failures } of usersAdmin.importUsers(oneBatch(users), superadmin.as)) {
        if (failures.length > 0) throw new Error('Somebody was not taken in.');
      }
    };
  },
};

const AUDIT: Readonly<Record<string, Asked>> = {
  ListAuditEvents: {
    all:
      ({ audit, superadmin }) =>
      () =>
        audit.listAuditEvents({}, superadmin.as),
    'by user': ofAnybody((side, userId) => side.audit.listAuditEvents({ userId }, side.superadmin.as)),
    'by actor': async ({ audit, superadmin, anyOrganisation }) => {
      const { headId: actorId } = await anyOrganisation();
      return () => audit.listAuditEvents({ actorId }, superadmin.as);
    },
    'by organisation': async ({ audit, superadmin, anyOrganisation }) => {
      const { organisationId } = await anyOrganisation();
      return () => audit.listAuditEvents({ organisationId }, superadmin.as);
    },
    'by action and actor': async ({ audit, superadmin, anyOrganisation }) => {
      const { headId: actorId } = await anyOrganisation();
      return () => audit.listAuditEvents({ actorId, action: 'user.updated' }, superadmin.as);
    },
    'by an action that there is not':
      ({ audit, superadmin }) =>
      () =>
        audit.listAuditEvents({ action: 'no.such' }, superadmin.as),
    'by time': ({ audit, superadmin }) => {
      const startTime = new Date(Date.now() - 2 * HOUR);
      return () => audit.listAuditEvents({ startTime, endTime: new Date(Date.now() - HOUR) }, superadmin.as);
    },
  },
};

const USERS: Readonly<Record<string, Asked>> = {
  LookUpUsers: ({ users, people }) => {
    const userIds = people(BATCH);
    return () => users.lookUpUsers({ userIds });
  },
};

const SERVICES = [
  [SessionsServiceDefinition, SESSIONS],
  [RolesServiceDefinition, ROLES],
  [OrganisationsServiceDefinition, ORGANISATIONS],
  [UsersServiceDefinition, USERS],
  [UsersAdminServiceDefinition, USERS_ADMIN],
  [AuditServiceDefinition, AUDIT],
] as const;

export type Call = { readonly rpc: string; readonly prepare: Prepare };

/** Every rpc of these services with what is asked of it. @throws when one is missing */
export function listCalls(): readonly Call[] {
  return SERVICES.flatMap(([{ fullName, methods }, asked]) =>
    Object.values(methods).flatMap(({ name }) => {
      const prepare = asked[name];
      if (!prepare) throw new Error(`Nothing is asked of ${fullName}/${name}: add it to bench/scale/calls.ts.`);
      const rpc = `${fullName}/${name}`;
      if (typeof prepare === 'function') return [{ rpc, prepare }];
      return Object.entries(prepare).map(([what, each]) => ({ rpc: `${rpc} ${what}`, prepare: each }));
    }),
  );
}

function ofAnybody(call: (side: Side, userId: string) => Promise<unknown>): Prepare {
  return (side) => {
    const userId = side.anybody();
    return () => call(side, userId);
  };
}

/** Without the pauses between two messages. */
async function inviteSomebody(side: Side, organisation: Awaited<ReturnType<typeof foundOrganisation>>, email: string) {
  const { organisationId, head } = organisation;
  const asked = { organisationId, contactType: 'email', contact: email, roles: ['driver'] };
  const { invitationId } = await side.organisations.inviteMember(asked, head.as);
  return { invitationId, token: invitationToken(invitationId) };
}

async function memberOf({ database }: Side, organisationId: string): Promise<string> {
  const rows = await database.query<{ id: string }>(
    `select m.user_id as id from accounts.organisation_members m join accounts.users u on u.id = m.user_id
      where m.organisation_id = $1 and m.deleted_at is null and not m.is_head and u.is_active and u.deleted_at is null
      limit 1`,
    [organisationId],
  );
  return rows[0]?.id ?? randomUUID();
}

async function* oneBatch(users: ReturnType<typeof newUser>[]) {
  yield ImportUsersRequest.fromPartial({ users });
}
