import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { oneRow } from './one-row.ts';

/** As one of its people sees it. */
export type Organisation = {
  readonly id: string;
  readonly name: string;
  readonly isHead: boolean;
  /** Those that he holds in it, sorted. */
  readonly roles: readonly string[];
  readonly createdAt: Date;
};

export type Member = {
  readonly userId: string;
  readonly displayName: string | null;
  readonly isHead: boolean;
  /** Those that he holds in it, sorted. */
  readonly roles: readonly string[];
  readonly createdAt: Date;
};

type OrganisationRow = { id: string; name: string; is_head: boolean; roles: string[]; created_at: Date };
type MemberRow = {
  user_id: string;
  display_name: string | null;
  is_head: boolean;
  roles: string[];
  created_at: Date;
};

export type OrganisationFunctions = ReturnType<typeof createOrganisationFunctions>;

/** Organisations and who belongs to them. What each function does is said in sql/functions/accounts. */
export function createOrganisationFunctions(call: CallFunction) {
  return {
    async createOrganisation(input: { actor: string; name: string }): Promise<Organisation> {
      return toOrganisation(
        oneRow(await call<OrganisationRow>('accounts.create_organisation', [input.actor, input.name])),
      );
    },

    async listOrganisations(userId: string): Promise<readonly Organisation[]> {
      return (await call<OrganisationRow>('accounts.list_organisations', [userId])).map(toOrganisation);
    },

    async listMembers(page: {
      actor: string;
      organisationId: string;
      /** null: any. */
      role: string | null;
      /** The last one of the page before; null: the first page. */
      before: string | null;
      limit: number;
    }): Promise<readonly Member[]> {
      const args = [page.actor, page.organisationId, page.role, page.before, page.limit];
      return (await call<MemberRow>('accounts.list_members', args)).map(toMember);
    },

    async updateMember(input: {
      actor: string;
      organisationId: string;
      userId: string;
      isHead: boolean;
    }): Promise<Member> {
      const args = [input.actor, input.organisationId, input.userId, input.isHead];
      return toMember(oneRow(await call<MemberRow>('accounts.update_member', args)));
    },

    async removeMember(input: { actor: string; organisationId: string; userId: string }): Promise<CommittedRevocation> {
      const args = [input.actor, input.organisationId, input.userId];
      return committedRevocation(oneRow(await call<RevocationRow>('accounts.remove_member', args)));
    },

    /** null: the inviter may not give the roles any more, and nothing has changed. */
    async acceptInvitation(input: {
      userId: string;
      id: string;
      secretHash: string;
      /** Of the request, for the notice that a contact is confirmed by it. */
      language: string;
    }): Promise<{ organisation: Organisation; revocation: CommittedRevocation } | null> {
      type Row = { outcome: 'refused' } | ({ outcome: 'joined' } & OrganisationRow & RevocationRow);
      const args = [input.userId, input.id, input.secretHash, input.language];
      const row = oneRow(await call<Row>('accounts.accept_invitation', args));
      if (row.outcome === 'refused') return null;
      return { organisation: toOrganisation(row), revocation: committedRevocation(row) };
    },
  };
}

function toOrganisation({ id, name, is_head: isHead, roles, created_at: createdAt }: OrganisationRow): Organisation {
  return { id, name, isHead, roles, createdAt };
}

function toMember(row: MemberRow): Member {
  return {
    userId: row.user_id,
    displayName: row.display_name,
    isHead: row.is_head,
    roles: row.roles,
    createdAt: row.created_at,
  };
}
