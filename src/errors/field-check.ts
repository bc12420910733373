import { AppError } from './app-error.ts';
import type { FieldViolation } from './app-error.ts';

/** Collects what is wrong with a request, so that a caller hears of all of it at once. */
export type FieldCheck = {
  /** Notes a violation if the value is null; returns the value, which may be used after `throwIfAny`. */
  readonly accept: <T>(field: string, value: T | null, description: string) => T;
  readonly refuse: (field: string, description: string) => void;
  /** @throws INVALID_REQUEST with every violation */
  readonly throwIfAny: () => void;
};

export function createFieldCheck(): FieldCheck {
  const violations: FieldViolation[] = [];
  const refuse = (field: string, description: string) => void violations.push({ field, description });
  return {
    accept(field, value, description) {
      if (value === null) refuse(field, description);
      return value as NonNullable<typeof value>;
    },
    refuse,
    throwIfAny() {
      if (violations.length > 0) throw new AppError('INVALID_REQUEST', { violations });
    },
  };
}
