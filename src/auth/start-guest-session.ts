import type { Caller } from '../caller.ts';
import type { InTransaction } from '../db/transaction.ts';
import { AppError } from '../errors/app-error.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { OpenSession } from './open-session.ts';
import type { SessionUser } from './session-tokens.ts';

type StartGuestSessionDeps = {
  readonly interfaces: ReadonlySet<string>;
  readonly inTransaction: InTransaction;
  readonly openSession: OpenSession;
};

/** Begins a session of a new guest. */
export function createStartGuestSession({ interfaces, inTransaction, openSession }: StartGuestSessionDeps) {
  return async function startGuestSession(input: { interface: string }, caller: Caller): Promise<SessionUser> {
    const check = createFieldCheck();
    if (!interfaces.has(input.interface)) check.refuse('interface', `must be one of: ${[...interfaces].join(', ')}`);
    check.throwIfAny();
    if (!caller.interfaces.includes(input.interface)) {
      throw new AppError('INTERFACE_NOT_ALLOWED', { metadata: { interface: input.interface } });
    }

    const { userId, opened } = await inTransaction(async ({ guests, auth }) => {
      const guest = await guests.createGuest({ interface: input.interface });
      const session = await openSession.write({ auth }, { ...guest, interface: input.interface }, caller);
      if (!session) throw new Error('A guest who was just created is not active.');
      await auth.appendEvent({
        type: 'guest.created',
        userId: guest.userId,
        sessionId: session.sessionId,
        data: { interface: input.interface, roles: session.roles },
      });
      return { userId: guest.userId, opened: session };
    });
    return { userId, roles: opened.roles, tokens: await openSession.sign(userId, opened) };
  };
}

export type StartGuestSession = ReturnType<typeof createStartGuestSession>;
