import { describe, expect, it } from 'vitest';
import { StartProblem } from '../../../src/errors/start-problem.ts';
import { AuthServiceDefinition } from '../../../src/gen/auth/v1/auth_service.ts';
import { Access, AccessRule } from '../../../src/gen/auth/options/v1/access.ts';
import { readAccessRules } from '../../../src/grpc/access.ts';

const TAG = (50_101 << 3) | 2;

function definition(...rules: (Uint8Array | undefined)[]) {
  const methods = rules.map((rule, index) => {
    const options = rule ? { _unknownFields: { [TAG]: [Buffer.concat([Buffer.from([rule.length]), rule])] } } : {};
    return [`m${index}`, { name: `M${index}`, options }];
  });
  return { fullName: 'test.v1.TestService', methods: Object.fromEntries(methods) };
}
const rule = (access: Access, permission = '') => AccessRule.encode(AccessRule.create({ access, permission })).finish();

describe('Access rules', () => {
  it('are read from the option of each method', () => {
    expect(readAccessRules([AuthServiceDefinition]).get('/auth.v1.AuthService/Logout')?.access).toBe(Access.USER);
    const rules = readAccessRules([definition(rule(Access.PUBLIC), rule(Access.ADMIN, 'accounts.users.read'))]);
    expect([...rules]).toMatchObject([
      ['/test.v1.TestService/M0', { access: Access.PUBLIC }],
      ['/test.v1.TestService/M1', { access: Access.ADMIN, permission: 'accounts.users.read' }],
    ]);
  });

  it.each([
    ['no option at all', undefined],
    ['an option that names no class', rule(Access.UNSPECIFIED)],
    ['an empty option', new Uint8Array(0)],
  ])('stop the server for a method with %s', (_, bytes) => {
    const definitions = [definition(rule(Access.PUBLIC), bytes)];
    expect(() => readAccessRules(definitions)).toThrow(StartProblem);
    expect(() => readAccessRules(definitions)).toThrow('test.v1.TestService/M1 has no access option');
  });

  it.each([
    ['is ADMIN and names no permission', rule(Access.ADMIN)],
    ['is USER and names a permission, which nobody would ask for', rule(Access.USER, 'accounts.users.read')],
    ['is PUBLIC and names one', rule(Access.PUBLIC, 'accounts.users.read')],
    ['is SERVICE and names one', rule(Access.SERVICE, 'accounts.users.read')],
  ])('stop the server for a method that %s', (_, bytes) => {
    const definitions = [definition(rule(Access.PUBLIC), bytes)];
    expect(() => readAccessRules(definitions)).toThrow(StartProblem);
    expect(() => readAccessRules(definitions)).toThrow('test.v1.TestService/M1 must name a permission');
  });
});
