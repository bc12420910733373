import { readFileSync } from 'node:fs';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { describe, expect, it } from 'vitest';
import { findAllTokenFields } from '../../../src/gateway/token-fields.ts';

const served = readFileSync(new URL('../../../src/gen/served.binpb', import.meta.url));
const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, served));
const found = findAllTokenFields(registry);
const methods = [...registry.files].flatMap(({ services }) => services.flatMap((service) => service.methods));

/** How often a field of the kind is in a message, however deep. */
function count(
  message: DescMessage,
  isSought: (field: DescMessage['fields'][number]) => boolean,
  seen = [message],
): number {
  return message.fields.reduce((sum, field) => {
    const below = field.fieldKind === 'message' || field.fieldKind === 'list' ? field.message : undefined;
    const deeper = below && !seen.includes(below) ? count(below, isSought, [...seen, below]) : 0;
    return sum + (isSought(field) ? 1 : 0) + deeper;
  }, 0);
}

describe('The tokens of messages', () => {
  it('are found in every call that begins a session or goes on with one', () => {
    const pairs = [...found].filter(([, fields]) => fields.pairs.length > 0).map(([path]) => path);
    expect(pairs.sort()).toEqual([
      '/auth.v1.AuthService/FinishCodeLogin',
      '/auth.v1.AuthService/Login',
      '/auth.v1.AuthService/Refresh',
      '/auth.v1.AuthService/Register',
      '/auth.v1.AuthService/StartGuestSession',
      '/auth.v1.RegistrationService/FinishRegistration',
    ]);
    expect(found.get('/auth.v1.AuthService/Refresh')).toMatchObject({ takesRefreshToken: true });
    expect(found.get('/auth.v1.PasswordsService/StartPasswordReset')).toMatchObject({ takesDeviceToken: true });
    expect(found.get('/auth.v1.AuthService/Logout')).toBeUndefined();
  });

  it.each(methods.map((method) => ({ path: `/${method.parent.typeName}/${method.name}`, method })))(
    'are nowhere in $path but where they are found: none can slip into an answer',
    ({ path, method }) => {
      const { pairs = [], givesDeviceToken = false } = found.get(path) ?? {};
      expect(count(method.output, ({ name }) => name === 'refresh_token')).toBe(pairs.length);
      expect(count(method.output, ({ name }) => name === 'device_token')).toBe(givesDeviceToken ? 1 : 0);
      // There is no cookie on a stream whose header has been sent.
      if (found.has(path)) expect(method.methodKind).toBe('unary');
    },
  );
});
