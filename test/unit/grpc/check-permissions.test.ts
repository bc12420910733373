import { describe, expect, it } from 'vitest';
import { StartProblem } from '../../../src/errors/start-problem.ts';
import { Access, AccessRule } from '../../../src/gen/auth/options/v1/access.ts';
import { checkPermissions } from '../../../src/grpc/check-permissions.ts';

const rules = new Map([
  ['/test.v1.TestService/Open', AccessRule.create({ access: Access.PUBLIC })],
  ['/test.v1.TestService/Shut', AccessRule.create({ access: Access.ADMIN, permission: 'test.things.shut' })],
]);

describe('The permissions that methods name', () => {
  it('may be those that the database knows', () => {
    expect(() => checkPermissions(rules, ['test.things.open', 'test.things.shut'])).not.toThrow();
  });

  it.each([[[]], [['test.things.shutt']], [['test.things']]])(
    'stop the start where the database knows only %j',
    (known) => {
      expect(() => checkPermissions(rules, known)).toThrow(StartProblem);
      expect(() => checkPermissions(rules, known)).toThrow('test.things.shut (test.v1.TestService/Shut)');
    },
  );
});
