import { randomUUID } from 'node:crypto';
import type { MaySendTo } from '../accounts/phone-countries.ts';
import type { Caller } from '../caller.ts';
import type { ChallengeFunctions, ChallengeMethod, OwnPurpose } from '../db/challenge-functions.ts';
import { AppError } from '../errors/app-error.ts';
import type { ChallengeSecrets } from './challenge-secrets.ts';

/** A code or a link that is on its way, or seems to be. */
export type StartedChallenge = {
  readonly handle: string;
  /** Milliseconds. */
  readonly lifetime: number;
  /** Milliseconds until the next one may be asked for. */
  readonly resendDelay: number;
};

type ChallengeInput = {
  readonly purpose: OwnPurpose;
  readonly contactType: string;
  /** As it is stored. */
  readonly contact: string;
  readonly channel: string;
  /** For a confirmation: the contact and whose it is. */
  readonly confirms?: { readonly contactId: string; readonly userId: string };
  /** Whether a contact that nobody has is sent a code to log in with, too. */
  readonly registers?: boolean;
  /** A device that has logged in to the account before: it has counts of its own. */
  readonly device?: string | null;
};

type Deps = {
  readonly challenges: Pick<ChallengeFunctions, 'startChallenge'>;
  readonly secrets: ChallengeSecrets;
  readonly maySendTo: MaySendTo;
  readonly messagesPerContact: number;
  readonly messagesPerAddress: number;
};

const MINUTE = 60_000;
const CODE_LIFETIME = 5 * MINUTE;
const LINK_LIFETIMES: { readonly [P in OwnPurpose]: number } = {
  registration: 10 * MINUTE,
  contact_confirmation: 10 * MINUTE,
  password_reset: 60 * MINUTE,
  code_login: CODE_LIFETIME,
};

/** A mail carries a link, unless its purpose is a code; every other channel carries a code. */
export function methodOf(purpose: OwnPurpose, channel: string): ChallengeMethod {
  return channel === 'email' && purpose !== 'code_login' ? 'link' : 'code';
}

/** Milliseconds. */
export function lifetimeOf(purpose: OwnPurpose, method: ChallengeMethod): number {
  return method === 'code' ? CODE_LIFETIME : LINK_LIFETIMES[purpose];
}

/**
 * Sends a code or a link to a contact: one call of the database, which does and costs the same whether anybody has the
 * contact or not. `challenges`: those of the transaction that it belongs to, if it does not stand alone.
 */
export function createStartChallenge(deps: Deps) {
  const { secrets, maySendTo, messagesPerContact, messagesPerAddress } = deps;
  return async function startChallenge(
    input: ChallengeInput,
    caller: Caller,
    challenges: Deps['challenges'] = deps.challenges,
  ): Promise<StartedChallenge> {
    const { purpose, contactType, contact, confirms } = input;
    if (input.channel === 'sms' && !maySendTo(contact)) throw new AppError('PHONE_COUNTRY_NOT_ALLOWED');
    const id = randomUUID();
    const method = methodOf(purpose, input.channel);
    const lifetime = lifetimeOf(purpose, method);
    const resendDelay = await challenges.startChallenge({
      id,
      purpose,
      method,
      contactType,
      contact,
      contactId: confirms?.contactId ?? null,
      userId: confirms?.userId ?? null,
      secretHash:
        method === 'code'
          ? secrets.hashCode(id, secrets.code(id))
          : secrets.hashLinkToken(secrets.linkToken(id, purpose)),
      lifetime,
      registers: input.registers ?? false,
      language: caller.language,
      network: caller.network,
      contactLimit: messagesPerContact,
      networkLimit: messagesPerAddress,
      device: input.device ?? null,
    });
    return { handle: id, lifetime, resendDelay };
  };
}

export type StartChallenge = ReturnType<typeof createStartChallenge>;
