import { usePage } from '../page.ts';
import { useLoaded } from './use-action.ts';
import type { Loaded } from './use-action.ts';

/** With what the person who is logged in can log in once more. */
export type WaysIn = {
  readonly hasPassword: boolean;
  /** What goes with a password; null: nothing is confirmed yet. */
  readonly login: string | null;
  /** Where a code can be sent to; null: nowhere. */
  readonly reachable: string | null;
};

export function useWaysIn(): Loaded<WaysIn> {
  const { calls } = usePage();
  return useLoaded(async () => {
    const [{ hasPassword }, { contacts }] = await Promise.all([
      calls.accounts.getProfile({}),
      calls.accounts.listContacts({}),
    ]);
    const valueOf = (wanted: string) => contacts.find(({ type, confirmed }) => confirmed && type === wanted)?.value;
    const reachable = valueOf('phone') ?? valueOf('email') ?? null;
    return { hasPassword, login: valueOf('second_login') ?? reachable, reachable };
  });
}
