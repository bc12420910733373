import { cleanText } from '../errors/clean-text.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { isUuid } from '../tokens/uuid.ts';

/** What GrantRole and RevokeRole are asked. */
export type DelegationInput = {
  readonly userId: string;
  readonly role: string;
  /** Empty: none, the role as such. */
  readonly organisationId: string;
};

/** As long as the name of a role can be. */
const LONGEST_ROLE = 63;

/** Reads the fields. A role that there is not is no bad field: it is refused as any other that the caller may not give. */
export function readDelegation(input: DelegationInput) {
  const check = createFieldCheck();
  const userId = check.accept('user_id', isUuid(input.userId) ? input.userId : null, 'must be a UUID');
  const role = check.accept(
    'role',
    cleanText(input.role, 1, LONGEST_ROLE),
    `must be 1 to ${LONGEST_ROLE} characters without control characters`,
  );
  if (input.organisationId !== '' && !isUuid(input.organisationId)) {
    check.refuse('organisation_id', 'must be a UUID, or left out');
  }
  check.throwIfAny();
  return { userId, role, organisationId: input.organisationId || null };
}
