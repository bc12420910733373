import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';

describe('An AppError', () => {
  it('keeps what was behind it for the log', () => {
    const cause = new Error('duplicate key value violates unique constraint');
    const error = new AppError('REGISTER_USER_ALREADY_EXISTS', { cause, metadata: { contact_type: 'phone' } });
    expect(error).toBeInstanceOf(Error);
    expect(error.cause).toBe(cause);
    expect(error.reason).toBe('REGISTER_USER_ALREADY_EXISTS');
    expect(error.details.metadata).toEqual({ contact_type: 'phone' });
  });

  it('has no message of its own: the words are those of the catalogue', () => {
    expect(new AppError('INTERNAL', { cause: new Error('secret') }).message).toBe('INTERNAL');
  });
});
