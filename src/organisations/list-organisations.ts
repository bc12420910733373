import type { SignedInCaller } from '../caller.ts';
import type { Organisation, OrganisationFunctions } from '../db/organisation-functions.ts';

type Deps = { readonly organisations: Pick<OrganisationFunctions, 'listOrganisations'> };

/** The organisations that the caller belongs to. */
export function createListOrganisations({ organisations }: Deps) {
  return async function listOrganisations({ user }: SignedInCaller): Promise<readonly Organisation[]> {
    return await organisations.listOrganisations(user.userId);
  };
}

export type ListOrganisations = ReturnType<typeof createListOrganisations>;
