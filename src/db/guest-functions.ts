import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { oneRow } from './one-row.ts';

type RevocationRow = { revision: number; replicas: string[]; longest_lease_ms: number };

export type GuestFunctions = ReturnType<typeof createGuestFunctions>;

/** Guests. What each function does is said in sql/functions. */
export function createGuestFunctions(call: CallFunction) {
  const committed = ({ revision, replicas, longest_lease_ms: longestLease }: RevocationRow): CommittedRevocation => ({
    revision,
    replicas,
    longestLease,
  });
  return {
    async createGuest(input: { interface: string }): Promise<{ userId: string }> {
      const row = oneRow(await call<{ create_guest: string }>('accounts.create_guest', [input.interface]));
      return { userId: row.create_guest };
    },

    async linkGuest(link: {
      guestUserId: string;
      guestSessionId: string;
      userId: string;
      sessionId: string;
    }): Promise<CommittedRevocation> {
      const args = [link.guestUserId, link.guestSessionId, link.userId, link.sessionId];
      return committed(oneRow(await call<RevocationRow>('auth.link_guest', args)));
    },

    async upgradeGuest(upgrade: { userId: string; sessionId: string }): Promise<CommittedRevocation> {
      return committed(oneRow(await call<RevocationRow>('auth.upgrade_guest', [upgrade.userId, upgrade.sessionId])));
    },
  };
}
