import type { CommittedRevocation } from './auth-functions.ts';
import type { CallFunction } from './call-function.ts';
import { committedRevocation } from './committed-revocation.ts';
import type { RevocationRow } from './committed-revocation.ts';
import { oneRow } from './one-row.ts';

export type GuestFunctions = ReturnType<typeof createGuestFunctions>;

/** Guests. What each function does is said in sql/functions. */
export function createGuestFunctions(call: CallFunction) {
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
      return committedRevocation(oneRow(await call<RevocationRow>('auth.link_guest', args)));
    },

    async upgradeGuest(upgrade: { userId: string; sessionId: string }): Promise<CommittedRevocation> {
      const args = [upgrade.userId, upgrade.sessionId];
      return committedRevocation(oneRow(await call<RevocationRow>('auth.upgrade_guest', args)));
    },
  };
}
