import type { ServiceImplementation } from 'nice-grpc';
import type { OrganisationsServiceDefinition } from '../../gen/accounts/v1/organisations_service.ts';
import type { AcceptInvitation } from '../../organisations/accept-invitation.ts';
import type { CancelInvitation } from '../../organisations/cancel-invitation.ts';
import type { CreateOrganisation } from '../../organisations/create-organisation.ts';
import type { InviteMember } from '../../organisations/invite-member.ts';
import type { ListInvitations } from '../../organisations/list-invitations.ts';
import type { ListMembers } from '../../organisations/list-members.ts';
import type { ListOrganisations } from '../../organisations/list-organisations.ts';
import type { RemoveMember } from '../../organisations/remove-member.ts';
import type { UpdateMember } from '../../organisations/update-member.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { toDuration } from './durations.ts';

type Deps = {
  readonly createOrganisation: CreateOrganisation;
  readonly listOrganisations: ListOrganisations;
  readonly listMembers: ListMembers;
  readonly inviteMember: InviteMember;
  readonly listInvitations: ListInvitations;
  readonly cancelInvitation: CancelInvitation;
  readonly acceptInvitation: AcceptInvitation;
  readonly updateMember: UpdateMember;
  readonly removeMember: RemoveMember;
};
type ShownOrganisation = Awaited<ReturnType<CreateOrganisation>>;
type ShownMember = Awaited<ReturnType<UpdateMember>>;
type ShownInvitation = Awaited<ReturnType<ListInvitations>>['invitations'][number];

/** accounts.v1.OrganisationsService: messages to inputs, results to messages. */
export function createOrganisationsService(
  deps: Deps,
): ServiceImplementation<OrganisationsServiceDefinition, WithCaller> {
  return {
    async createOrganisation(request, { caller }) {
      return { organisation: toOrganisation(await deps.createOrganisation(request, signedIn(caller))) };
    },

    async listOrganisations(_request, { caller }) {
      return { organisations: (await deps.listOrganisations(signedIn(caller))).map(toOrganisation) };
    },

    async listMembers(request, { caller }) {
      const { members, nextPageToken } = await deps.listMembers(request, signedIn(caller));
      return { members: members.map(toMember), nextPageToken: nextPageToken ?? '' };
    },

    async inviteMember(request, { caller }) {
      const { invitationId, lifetime, resendDelay } = await deps.inviteMember(request, signedIn(caller));
      return { invitationId, lifetime: toDuration(lifetime), resendDelay: toDuration(resendDelay) };
    },

    async listInvitations(request, { caller }) {
      const { invitations, nextPageToken } = await deps.listInvitations(request, signedIn(caller));
      return { invitations: invitations.map(toInvitation), nextPageToken: nextPageToken ?? '' };
    },

    async cancelInvitation(request, { caller }) {
      await deps.cancelInvitation(request, signedIn(caller));
      return {};
    },

    async acceptInvitation(request, { caller }) {
      const { organisation, revision } = await deps.acceptInvitation(request, signedIn(caller));
      return { organisation: toOrganisation(organisation), revision };
    },

    async updateMember(request, { caller }) {
      return { member: toMember(await deps.updateMember(request, signedIn(caller))) };
    },

    async removeMember(request, { caller }) {
      return await deps.removeMember(request, signedIn(caller));
    },
  };
}

function toOrganisation({ id, name, isHead, roles, createdAt }: ShownOrganisation) {
  return { organisationId: id, name, isHead, roles: [...roles], createTime: createdAt };
}

function toMember({ userId, displayName, isHead, roles, createdAt }: ShownMember) {
  return { userId, displayName: displayName ?? '', isHead, roles: [...roles], createTime: createdAt };
}

function toInvitation({ id, contactType, contact, roles, invitedBy, createdAt, expiresAt }: ShownInvitation) {
  return {
    invitationId: id,
    contactType,
    contact,
    roles: [...roles],
    invitedBy,
    createTime: createdAt,
    expireTime: expiresAt,
  };
}
