import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/errors/app-error.ts';
import { createFieldCheck } from '../../../src/errors/field-check.ts';

describe('A check of fields', () => {
  it('passes on what is right', () => {
    const check = createFieldCheck();
    expect(check.accept('name', 'a value', 'must be a name')).toBe('a value');
    for (const value of ['', 0, false]) expect(check.accept('other', value, 'must be there')).toBe(value);
    expect(() => check.throwIfAny()).not.toThrow();
  });

  it('tells of all that is wrong at once, in the order of its discovery', () => {
    const check = createFieldCheck();
    check.accept('phone', null, 'must be a phone number');
    check.accept('email', 'a@example.com', 'must be an e-mail address');
    check.refuse('group_names[1]', 'must be the name of a role');
    expect(() => check.throwIfAny()).toThrow(
      new AppError('INVALID_REQUEST', {
        violations: [
          { field: 'phone', description: 'must be a phone number' },
          { field: 'group_names[1]', description: 'must be the name of a role' },
        ],
      }),
    );
  });
});
