import type { Caller } from '../caller.ts';
import type { AuthFunctions } from '../db/auth-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { Reason } from '../errors/reasons.ts';

type Asked = { readonly interface: string; readonly groupNames: readonly string[] };

/** Of a role of the interface, and of one that an invitation gives. */
const RECORDED: ReadonlySet<Reason> = new Set(['ROLE_NOT_ASSIGNABLE', 'ROLE_NOT_GRANTABLE']);

/** A registration that asks for more than it may have leaves an event, though nothing else of it is left. */
export type RegistrationRefusals = {
  /** @throws INTERFACE_NOT_ALLOWED */
  readonly requireInterface: (asked: Asked, caller: Caller) => Promise<void>;
  /** Runs the transaction of a registration. */
  readonly recorded: <T>(asked: Asked, caller: Caller, transaction: () => Promise<T>) => Promise<T>;
};

export function createRegistrationRefusals({
  auth,
}: {
  readonly auth: Pick<AuthFunctions, 'appendEvent'>;
}): RegistrationRefusals {
  async function record(reason: string, asked: Asked, caller: Caller): Promise<void> {
    await auth.appendEvent({
      type: 'registration.refused',
      data: {
        reason,
        interface: asked.interface,
        group_names: asked.groupNames,
        service: caller.service?.name ?? null,
        address: caller.address,
      },
    });
  }

  return {
    async requireInterface(asked, caller) {
      if (caller.interfaces.includes(asked.interface)) return;
      await record('INTERFACE_NOT_ALLOWED', asked, caller);
      throw new AppError('INTERFACE_NOT_ALLOWED', { metadata: { interface: asked.interface } });
    },
    async recorded(asked, caller, transaction) {
      try {
        return await transaction();
      } catch (error) {
        // The transaction is rolled back, and with it all of the user; what was asked for is recorded by itself.
        if (error instanceof AppError && RECORDED.has(error.reason)) {
          await record(error.reason, asked, caller);
        }
        throw error;
      }
    },
  };
}
