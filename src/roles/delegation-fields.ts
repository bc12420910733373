import { createFieldCheck } from '../errors/field-check.ts';
import { readId, readOptionalId } from '../fields/ids.ts';
import { readRoleName } from '../fields/role-name.ts';

/** What GrantRole and RevokeRole are asked. */
export type DelegationInput = {
  readonly userId: string;
  readonly role: string;
  /** Empty: none, the role as such. */
  readonly organisationId: string;
};

export function readDelegation(input: DelegationInput) {
  const check = createFieldCheck();
  const fields = {
    userId: readId(check, 'user_id', input.userId),
    role: readRoleName(check, 'role', input.role),
    organisationId: readOptionalId(check, 'organisation_id', input.organisationId),
  };
  check.throwIfAny();
  return fields;
}
