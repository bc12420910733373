import { sign } from 'node:crypto';
import { createKeyCipher } from '../../src/tokens/key-cipher.ts';
import { openSigningKey } from '../../src/tokens/signing-key.ts';
import type { SigningKey } from '../../src/tokens/signing-key.ts';
import { deriveSubkey } from '../../src/tokens/subkey.ts';
import { TEST_MASTER_KEY } from './service.ts';
import { authFunctionsOf } from './stored-functions.ts';
import type { TestDatabase } from './test-database.ts';

export const testKeyCipher = () =>
  createKeyCipher(deriveSubkey(Buffer.from(TEST_MASTER_KEY, 'base64'), 'signing-key-encryption'));

/** The newest signing key of a service, its private part opened: only who has the database and the master key can. */
export async function signingKeyOf(database: Pick<TestDatabase, 'query'>): Promise<SigningKey> {
  const [newest] = await authFunctionsOf(database).listSigningKeys();
  if (!newest) throw new Error('There is no signing key.');
  return openSigningKey(newest, testKeyCipher());
}

export const base64url = (value: string | Buffer) => Buffer.from(value).toString('base64url');

/** A segment of a token: a text stands as it is, so that JSON can be wrong on purpose. */
export const segment = (value: string | object) => base64url(typeof value === 'string' ? value : JSON.stringify(value));

/** A compact JWS, rightly signed whatever it says. */
export function signJws(
  key: Pick<SigningKey, 'privateKey' | 'algorithm'>,
  header: string | object,
  payload: string | object,
) {
  const input = `${segment(header)}.${segment(payload)}`;
  const { privateKey } = key;
  const signature =
    key.algorithm === 'EdDSA'
      ? sign(null, Buffer.from(input), privateKey)
      : key.algorithm === 'ES256'
        ? sign('sha256', Buffer.from(input), { key: privateKey, dsaEncoding: 'ieee-p1363' })
        : sign('sha256', Buffer.from(input), privateKey);
  return `${input}.${base64url(signature)}`;
}

/** What a token says, nothing of it verified. */
export function decodeUnverified(token: string): { header: Record<string, unknown>; payload: Record<string, unknown> } {
  const [header, payload] = token.split('.').map((part) => part && Buffer.from(part, 'base64url').toString());
  return { header: JSON.parse(header ?? ''), payload: JSON.parse(payload ?? '') };
}
