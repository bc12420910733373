import { createListAuditEvents } from '../audit/list-audit-events.ts';
import { createListMessages } from '../auth/list-messages.ts';
import { createResendMessage } from '../auth/resend-message.ts';
import { createAcceptInvitation } from '../organisations/accept-invitation.ts';
import { createCancelInvitation } from '../organisations/cancel-invitation.ts';
import { createCreateOrganisation } from '../organisations/create-organisation.ts';
import { createInviteMember } from '../organisations/invite-member.ts';
import { createListInvitations } from '../organisations/list-invitations.ts';
import { createListMembers } from '../organisations/list-members.ts';
import { createListOrganisations } from '../organisations/list-organisations.ts';
import { createRemoveMember } from '../organisations/remove-member.ts';
import { createUpdateMember } from '../organisations/update-member.ts';
import { createGrantRole } from '../roles/grant-role.ts';
import { createListAssignableRoles } from '../roles/list-assignable-roles.ts';
import { createRevokeRole } from '../roles/revoke-role.ts';
import type { DescribeSession } from '../sessions/describe-session.ts';
import { createBatchGetUsers } from '../users/batch-get-users.ts';
import { createCreateUser } from '../users/create-user.ts';
import { createDeactivateUser } from '../users/deactivate-user.ts';
import { createDeleteUser } from '../users/delete-user.ts';
import { createEndUserSessions } from '../users/end-user-sessions.ts';
import { createFindUserForSupport } from '../users/find-user-for-support.ts';
import { createGetUser } from '../users/get-user.ts';
import { createImportUsers } from '../users/import-users.ts';
import { createListUserSessions } from '../users/list-user-sessions.ts';
import { createListUsers } from '../users/list-users.ts';
import { createLookUpUsers } from '../users/look-up-users.ts';
import { createNoteRefusals } from '../users/note-refusals.ts';
import { createReactivateUser } from '../users/reactivate-user.ts';
import { createResetUserPassword } from '../users/reset-user-password.ts';
import { createRestoreUser } from '../users/restore-user.ts';
import { createRevokeUserTokens } from '../users/revoke-user-tokens.ts';
import { createUpdateUser } from '../users/update-user.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Shared } from './shared.ts';

/** What is done to the accounts of others: by administrators, by support, by heads. */
export function createAdministrationCases(
  { config }: Ground,
  { functions }: Stores,
  shared: Shared,
  describeSession: DescribeSession,
) {
  const { accounts, audit, invitations, messages, organisations, roles: roleFunctions, users } = functions;
  const { inTransaction, confirmRevocation, contacts, challengeSecrets, maySendTo, startChallenge } = shared;
  const { pageTokens, checkPassword, hasher } = shared;
  // User administration.
  const userCases = {
    createUser: createCreateUser({ users, contacts, checkPassword, hasher }),
    getUser: createGetUser({ users }),
    batchGetUsers: createBatchGetUsers({ users }),
    listUsers: createListUsers({ users, pageTokens }),
    updateUser: createUpdateUser({ users }),
    deactivateUser: createDeactivateUser({ users, confirmRevocation }),
    reactivateUser: createReactivateUser({ users }),
    deleteUser: createDeleteUser({ users, confirmRevocation }),
    restoreUser: createRestoreUser({ users }),
    resetUserPassword: createResetUserPassword({ inTransaction, startChallenge }),
    listUserSessions: createListUserSessions({ users, describeSession }),
    endUserSessions: createEndUserSessions({ users, confirmRevocation }),
    revokeUserTokens: createRevokeUserTokens({ users, confirmRevocation }),
    importUsers: createImportUsers({ users, contacts }),
  };
  // Support from the account page.
  const noteRefusals = createNoteRefusals({ accounts });
  const supportCases = {
    findUser: noteRefusals(
      'accounts.v1.SupportService/FindUser',
      createFindUserForSupport({ inTransaction, contacts, describeSession }),
    ),
    endSessionsOfUser: noteRefusals('accounts.v1.SupportService/EndSessionsOfUser', userCases.endUserSessions),
  };
  // Delegation.
  const roleCases = {
    listAssignableRoles: createListAssignableRoles({ roles: roleFunctions }),
    grantRole: createGrantRole({ roles: roleFunctions, confirmRevocation }),
    revokeRole: createRevokeRole({ roles: roleFunctions, confirmRevocation }),
  };
  // Organisations: who belongs to them, and how he comes in.
  const organisationCases = {
    createOrganisation: createCreateOrganisation({ organisations }),
    listOrganisations: createListOrganisations({ organisations }),
    listMembers: createListMembers({ organisations, pageTokens }),
    updateMember: createUpdateMember({ organisations }),
    removeMember: createRemoveMember({ organisations, confirmRevocation }),
    inviteMember: createInviteMember({
      invitations,
      contacts,
      secrets: challengeSecrets,
      maySendTo,
      messagesPerContact: config.MESSAGES_PER_CONTACT,
      invitationLifetime: config.INVITATION_LIFETIME,
    }),
    listInvitations: createListInvitations({ invitations, pageTokens }),
    cancelInvitation: createCancelInvitation({ invitations }),
    acceptInvitation: createAcceptInvitation({ organisations, secrets: challengeSecrets, confirmRevocation }),
  };
  return {
    users: userCases,
    lookUpUsers: createLookUpUsers({ users }),
    support: supportCases,
    roles: roleCases,
    organisations: organisationCases,
    listAuditEvents: createListAuditEvents({ audit, pageTokens }),
    messages: {
      listMessages: createListMessages({ messages, pageTokens }),
      resendMessage: createResendMessage({ messages }),
    },
  };
}
