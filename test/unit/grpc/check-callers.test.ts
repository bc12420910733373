import { describe, expect, it } from 'vitest';
import { checkCallers } from '../../../src/grpc/check-callers.ts';

const known = {
  paths: ['/auth.v1.AuthService/ValidateToken'],
  interfaces: new Set(['customer']),
  namedInterfaces: ['customer'],
};
const caller = (methods: string[], interfaces: string[] = []) => ({ name: 'orders', methods, interfaces });

describe('The services in the settings', () => {
  it('may name what there is', () => {
    const callers = [
      caller(['*']),
      caller(['auth.v1.AuthService/*', 'auth.v1.AuthService/ValidateToken'], ['customer']),
    ];
    expect(() => checkCallers({ ...known, callers })).not.toThrow();
  });

  it.each([
    [caller(['auth.v1.AuthService/ValidateTokn']), 'ValidateTokn'],
    [caller(['auth.v1.AuthService/Validate']), 'Validate'],
    [caller(['*'], ['custommer']), 'custommer'],
  ])('stop the start where they name what there is not: %j', (wrong, named) => {
    expect(() => checkCallers({ ...known, callers: [wrong] })).toThrow(named);
  });
});
