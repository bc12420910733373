import type { ImportUsersRequest } from '../../gen/accounts/v1/users_admin_service.ts';
import { ErrorReason } from '../../gen/auth/v1/error_reason.ts';
import type { ImportedBatch } from '../../users/import-users.ts';
import type { ImportedUserInput } from '../../users/imported-user.ts';
import { toProfileValues } from './profile-messages.ts';

/** The users of the requests, batch by batch: the next request is read when the next batch is asked for. */
export async function* toImportBatches(
  requests: AsyncIterable<ImportUsersRequest>,
): AsyncIterable<readonly ImportedUserInput[]> {
  for await (const { users } of requests) {
    yield users.map(({ profile, ...user }) => ({ ...user, profile: toProfileValues(profile) }));
  }
}

export function toImportResponse({ imported, failures }: ImportedBatch) {
  return {
    imported,
    failures: failures.map(({ reason, ...failure }) => ({ ...failure, reason: ErrorReason[reason] })),
  };
}
