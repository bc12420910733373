import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { oneRow } from './one-row.ts';

/** Who gives or takes which role. */
export type Delegation = {
  readonly actor: string;
  readonly userId: string;
  readonly role: string;
  /** null: the role as such. */
  readonly organisationId: string | null;
};

export type AssignableRole = { readonly name: string; readonly title: string; readonly level: number };

/** What has been committed, and is to be known everywhere; after a refusal there is nothing to know. */
type Decided<Outcome extends string> =
  ({ readonly outcome: Outcome } & ReturnType<typeof committedRevocation>) | { readonly outcome: 'refused' };

export type RoleFunctions = ReturnType<typeof createRoleFunctions>;

/** Delegation. What each function does is said in sql/functions/accounts. */
export function createRoleFunctions(call: CallFunction) {
  async function decide<Outcome extends string>(
    name: string,
    { actor, userId, role, organisationId }: Delegation,
  ): Promise<Decided<Outcome>> {
    type Row = RevocationRow & { readonly outcome: Outcome | 'refused' };
    const row = oneRow(await call<Row>(name, [actor, userId, role, organisationId]));
    if (row.outcome === 'refused') return { outcome: 'refused' };
    return { outcome: row.outcome, ...committedRevocation(row) };
  }

  return {
    grantRole: (delegation: Delegation) => decide<'granted' | 'held'>('accounts.grant_role', delegation),

    /** @throws LAST_SUPERADMIN */
    revokeRole: (delegation: Delegation) => decide<'revoked' | 'not_held'>('accounts.revoke_role', delegation),

    /** Those that the actor may give to a user, the highest level first. */
    async listAssignableRoles(asked: {
      readonly actor: string;
      /** null: somebody who has no account yet. */
      readonly userId: string | null;
      readonly organisationId: string | null;
    }): Promise<readonly AssignableRole[]> {
      return await call('accounts.list_assignable_roles', [asked.actor, asked.userId, asked.organisationId]);
    },
  };
}
