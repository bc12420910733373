import type { SignedInCaller } from '../caller.ts';
import type { Organisation, OrganisationFunctions } from '../db/organisation-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { readOrganisationName } from './organisation-fields.ts';

type Deps = { readonly organisations: Pick<OrganisationFunctions, 'createOrganisation'> };

/** Creates an organisation that the caller heads. */
export function createCreateOrganisation({ organisations }: Deps) {
  return async function createOrganisation(
    input: { readonly name: string },
    { user }: SignedInCaller,
  ): Promise<Organisation> {
    const check = createFieldCheck();
    const name = readOrganisationName(check, input.name);
    check.throwIfAny();
    return await organisations.createOrganisation({ actor: user.userId, name });
  };
}

export type CreateOrganisation = ReturnType<typeof createCreateOrganisation>;
