import type { AuthFunctions } from '../db/auth-functions.ts';
import type { ContactFunctions } from '../db/contact-functions.ts';

type Deps = {
  readonly auth: Pick<AuthFunctions, 'deleteExpired'>;
  readonly contacts: Pick<ContactFunctions, 'releaseContacts'>;
  /** Milliseconds. */
  readonly sessionRetention: number;
  readonly eventRetention: number;
  readonly messageRetention: number;
  readonly contactReservation: number;
};

/** Rows of each kind in one call: some milliseconds of work, so that nobody waits for a lock of it. */
const BATCH = 1000;

/**
 * Removes what has expired and frees the contacts of accounts that were closed long enough ago, batch by batch, until there
 * is less than a batch; returns how many rows it removed.
 */
export function createCleanUp({ auth, contacts, contactReservation, ...retention }: Deps) {
  return async function cleanUp(): Promise<number> {
    while ((await contacts.releaseContacts({ batch: BATCH, reservation: contactReservation })) === BATCH);
    let total = 0;
    for (;;) {
      const removed = await auth.deleteExpired({ batch: BATCH, ...retention });
      total += removed.reduce((sum, row) => sum + row.removed, 0);
      if (removed.every((row) => row.removed < BATCH)) return total;
    }
  };
}
