import { describe, expect, it } from 'vitest';
import { StartProblem } from '../../../src/errors/start-problem.ts';
import { Access } from '../../../src/gen/auth/options/v1/access.ts';
import { checkPermissions } from '../../../src/grpc/check-permissions.ts';

const rules = new Map([
  ['/test.v1.TestService/Open', { access: Access.PUBLIC, permission: '', ignoresAccessToken: false }],
  ['/test.v1.TestService/Shut', { access: Access.ADMIN, permission: 'test.things.shut', ignoresAccessToken: false }],
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
