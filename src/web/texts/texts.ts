import type { Failure } from '../calls/failure.ts';
import { en } from './en.ts';
import type { Language } from './languages.ts';
import { ru } from './ru.ts';

export type Texts = typeof en;

export function textsOf(language: Language): Texts {
  return { en, ru }[language];
}

/** What a person is told of a failure: what has happened, and when to come back. */
export function textOfFailure({ failures }: Texts, failure: Failure): string {
  const { reason, isOutcomeUnknown, message, retryAfter, triesLeft } = failure;
  if (reason === null) return isOutcomeUnknown ? failures.outcomeUnknown : failures.unreachable;
  const known: Readonly<Record<string, string>> = failures.reasons;
  const text = known[reason] ?? message;
  if (retryAfter !== null) return `${text} ${failures.retryIn(retryAfter)}`;
  if (triesLeft === null) return text;
  return `${text} ${triesLeft === 0 ? failures.noTriesLeft : failures.triesLeft(triesLeft)}`;
}

/** A role by its name for people. */
export function nameOfRole({ roleNames }: Texts, role: string): string {
  const known: Readonly<Record<string, string>> = roleNames;
  return known[role] ?? role;
}
