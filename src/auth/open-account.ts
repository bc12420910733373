import type { Caller } from '../caller.ts';
import type { NewUser } from '../db/accounts-functions.ts';
import type { DatabaseFunctions } from '../db/functions.ts';
import type { OpenedSession, OpenSession } from './open-session.ts';

type OpenedAccount = { readonly userId: string; readonly opened: OpenedSession };

/** Opens an account and its first session inside a transaction of the caller. Shared by every way to register. */
export function createOpenAccount({ openSession }: { readonly openSession: Pick<OpenSession, 'write'> }) {
  return async function openAccount(
    { accounts, auth }: Pick<DatabaseFunctions, 'accounts' | 'auth'>,
    user: NewUser,
    caller: Caller,
    seed?: string,
  ): Promise<OpenedAccount> {
    const { id: userId } = await accounts.createUserWithRelations(user);
    const opened = await openSession.write({ auth }, { userId, interface: user.interface, seed }, caller);
    if (!opened) throw new Error('A user who was just created is not active.');
    await auth.appendEvent({
      type: 'user.registered',
      userId,
      sessionId: opened.sessionId,
      data: { interface: user.interface, roles: opened.roles },
    });
    return { userId, opened };
  };
}

export type OpenAccount = ReturnType<typeof createOpenAccount>;
