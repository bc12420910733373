import { createHmac, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import * as dpop from 'dpop';
import { calculateJwkThumbprint } from 'jose';
import { describe, expect, it } from 'vitest';
import { createDpopNonces } from '../../../src/tokens/dpop-nonce.ts';
import { createDpopProofVerifier } from '../../../src/tokens/dpop-proof.ts';
import { segment, signJws } from '../../support/signing.ts';

const NOW = Date.UTC(2030, 0, 1);
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const PATH = '/auth.v1.AuthService/Refresh';
const URL_OF_CALL = `https://auth.example.com${PATH}`;
const request = { method: 'POST', urls: [URL_OF_CALL, `http://localhost:8080${PATH}`] };

let now = NOW;
const clock = { now: () => now };
const nonces = createDpopNonces({ key: Buffer.alloc(32, 1), clock });
const verify = createDpopProofVerifier({ nonces, clock });
const check = (proof: string) => verify(proof, request);

const makePair = () => generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pair = makePair();
const jwk = pair.publicKey.export({ format: 'jwk' });
const edPair = generateKeyPairSync('ed25519');
const edJwk = edPair.publicKey.export({ format: 'jwk' });
const rsaPair = generateKeyPairSync('rsa', { modulusLength: 2048 });

const HEADER = { typ: 'dpop+jwt', alg: 'ES256', jwk };
const claims = () => ({ htm: 'POST', htu: URL_OF_CALL, iat: Math.floor(now / SECOND), jti: randomUUID() });

/** A proof that is signed rightly, but for what is changed. `undefined` leaves a member out. */
function prove(header: object = {}, payload: object = {}, privateKey: KeyObject = pair.privateKey): string {
  return signJws({ privateKey, algorithm: 'ES256' }, { ...HEADER, ...header }, { ...claims(), ...payload });
}
function proveEd(header: object = {}): string {
  const key = { privateKey: edPair.privateKey, algorithm: 'EdDSA' } as const;
  return signJws(key, { ...HEADER, alg: 'EdDSA', jwk: edJwk, ...header }, claims());
}
function withHmac(secret: Buffer): string {
  const input = `${segment({ ...HEADER, alg: 'HS256' })}.${segment(claims())}`;
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`;
}
/** Signed with the RSA key that is in it, whatever it calls itself. */
function proveByRsa(alg: string, crv: string): string {
  const input = `${segment({ ...HEADER, alg, jwk: { ...rsaPair.publicKey.export({ format: 'jwk' }), crv } })}.${segment(claims())}`;
  const signature = sign(alg === 'ES256' ? 'sha256' : null, Buffer.from(input), rsaPair.privateKey);
  return `${input}.${signature.toString('base64url')}`;
}
const editSignature = (proof: string, edit: (signature: Buffer) => Buffer) => {
  const [header, payload, signature = ''] = proof.split('.');
  return `${header}.${payload}.${edit(Buffer.from(signature, 'base64url')).toString('base64url')}`;
};

describe('A proof of possession', () => {
  it.each([
    ['ES256', jwk, () => prove()],
    ['EdDSA', edJwk, () => proveEd()],
    ['Ed25519, as it is called since RFC 9864', edJwk, () => proveEd({ alg: 'Ed25519' })],
    ['with what else a key may say of itself', jwk, () => prove({ jwk: { ...jwk, use: 'sig', kid: 'a', ext: true } })],
    [
      'with the members of the key in another order',
      jwk,
      () => prove({ jwk: { y: jwk.y, x: jwk.x, kty: 'EC', crv: 'P-256' } }),
    ],
    ['with the coordinates padded', jwk, () => prove({ jwk: { ...jwk, x: `${jwk.x}=` } })],
    ['with a query', jwk, () => prove({}, { htu: `${URL_OF_CALL}?a=b#c` })],
    ['with the port of the scheme', jwk, () => prove({}, { htu: `https://auth.example.com:443${PATH}` })],
    ['with a host in capitals', jwk, () => prove({}, { htu: `HTTPS://AUTH.Example.com${PATH}` })],
    ['for another of our names', jwk, () => prove({}, { htu: `http://localhost:8080${PATH}` })],
    ['with claims that we do not know', jwk, () => prove({}, { ath: 'a', exp: 1, nbf: 9e9 })],
    ['with the longest id', jwk, () => prove({}, { jti: 'j'.repeat(256) })],
    ['of nearly 5 minutes ago', jwk, () => prove({}, { iat: (now - 5 * MINUTE) / SECOND })],
    ['of nearly 5 minutes to come', jwk, () => prove({}, { iat: (now + 5 * MINUTE) / SECOND })],
  ])('%s is one, of the key with this thumbprint', async (_what, key, make) => {
    expect(check(make())).toEqual({ clientKey: await calculateJwkThumbprint(key as never) });
  });

  it.each(['ES256', 'Ed25519'] as const)('is what the library of others makes (%s)', async (algorithm) => {
    now = Date.now();
    const keys = await dpop.generateKeyPair(algorithm);
    const proof = await dpop.generateProof(keys, URL_OF_CALL, 'POST');
    expect(check(proof)).toEqual({ clientKey: await dpop.calculateThumbprint(keys.publicKey) });
    now = NOW;
  });

  it.each<[string, () => string]>([
    ['nothing', () => ''],
    ['a word', () => 'proof'],
    ['two segments', () => prove().split('.').slice(0, 2).join('.')],
    ['four segments', () => `${prove()}.a`],
    ['two headers, as HTTP joins them', () => `${prove()}, ${prove()}`],
    ['white space', () => ` ${prove()}`],
    ['padding', () => `${prove()}=`],
    ['a header that is no JSON', () => `${segment('{')}.${prove().split('.').slice(1).join('.')}`],
    ['a header that is a list', () => signJws({ ...pair, algorithm: 'ES256' }, '[]', claims())],
    ['claims that are no JSON', () => signJws({ ...pair, algorithm: 'ES256' }, HEADER, 'claims')],
    ['claims that are null', () => signJws({ ...pair, algorithm: 'ES256' }, HEADER, 'null')],
    ['more than 4 kB', () => prove({}, { more: 'm'.repeat(4096) })],
    ['no type', () => prove({ typ: undefined })],
    ['the type of an access token', () => prove({ typ: 'at+jwt' })],
    ['a type in capitals', () => prove({ typ: 'DPoP+JWT' })],
    ['something critical that we do not know', () => prove({ crit: ['exp'], exp: 9e9 })],
    ['no algorithm', () => prove({ alg: undefined })],
    ['the algorithm none', () => prove({ alg: 'none' })],
    ['the algorithm none without a signature', () => `${segment({ ...HEADER, alg: 'none' })}.${segment(claims())}.`],
    ['HS256 with the public key as the secret', () => withHmac(Buffer.from(JSON.stringify(jwk)))],
    [
      'HS256 with the PEM as the secret',
      () => withHmac(Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' }))),
    ],
    ['HS256 with a symmetric key in it', () => prove({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })],
    [
      'RS256',
      () =>
        signJws(
          { ...rsaPair, algorithm: 'RS256' },
          { ...HEADER, alg: 'RS256', jwk: rsaPair.publicKey.export({ format: 'jwk' }) },
          claims(),
        ),
    ],
    ['an RSA key that names the curve', () => proveByRsa('ES256', 'P-256')],
    ['an RSA key that names the other curve', () => proveByRsa('EdDSA', 'Ed25519')],
    ['a coordinate that is no text', () => prove({ jwk: { ...jwk, x: [jwk.x] } })],
    ['a type that is no text', () => prove({ jwk: { ...jwk, kty: ['EC'] } })],
    ['ES384', () => prove({ alg: 'ES384' })],
    ['an algorithm that is no text', () => prove({ alg: ['ES256'] })],
    ['no key', () => prove({ jwk: undefined })],
    ['a key that is a text', () => prove({ jwk: JSON.stringify(jwk) })],
    ['a key that is null', () => prove({ jwk: null })],
    ['a place of keys instead', () => prove({ jwk: undefined, jku: 'https://evil.example/keys', kid: 'a' })],
    ['the private half of the key', () => prove({ jwk: pair.privateKey.export({ format: 'jwk' }) })],
    ['the private half of an Ed25519 key', () => proveEd({ jwk: edPair.privateKey.export({ format: 'jwk' }) })],
    ['a private half that is empty', () => prove({ jwk: { ...jwk, d: '' } })],
    ['a key of the other algorithm', () => prove({ jwk: edJwk })],
    ['an Ed25519 key with the other algorithm', () => proveEd({ jwk })],
    [
      'a key of another curve',
      () => prove({ jwk: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }) }),
    ],
    ['a key of the wrong type', () => prove({ jwk: { ...jwk, kty: 'OKP' } })],
    ['a point that is not on the curve', () => prove({ jwk: { ...jwk, y: jwk.x } })],
    ['half a point', () => prove({ jwk: { ...jwk, y: undefined } })],
    ['the key of somebody else', () => prove({ jwk: makePair().publicKey.export({ format: 'jwk' }) })],
    ['a signature of somebody else', () => prove({}, {}, makePair().privateKey)],
    [
      'a signature with one bit flipped',
      () => editSignature(prove(), (bytes) => (bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9), bytes)),
    ],
    ['a signature of zeros', () => editSignature(prove(), (bytes) => Buffer.alloc(bytes.length))],
    ['half a signature', () => editSignature(prove(), (bytes) => bytes.subarray(0, 32))],
    [
      'a signature in DER',
      () => {
        const input = prove().split('.').slice(0, 2).join('.');
        return `${input}.${sign('sha256', Buffer.from(input), pair.privateKey).toString('base64url')}`;
      },
    ],
    ['claims that were changed', () => prove().replace(/\.[^.]+\./, `.${segment(claims())}.`)],
    ['no method', () => prove({}, { htm: undefined })],
    ['another method', () => prove({}, { htm: 'GET' })],
    ['a method in small letters', () => prove({}, { htm: 'post' })],
    ['no URL', () => prove({}, { htu: undefined })],
    ['a path alone', () => prove({}, { htu: PATH })],
    ['another path', () => prove({}, { htu: URL_OF_CALL.replace('Refresh', 'Login') })],
    ['another path by a detour', () => prove({}, { htu: `${URL_OF_CALL}/../Login` })],
    ['a path in small letters', () => prove({}, { htu: URL_OF_CALL.toLowerCase() })],
    ['a slash too many', () => prove({}, { htu: `${URL_OF_CALL}/` })],
    ['another host', () => prove({}, { htu: `https://evil.example${PATH}` })],
    ['a host that begins like ours', () => prove({}, { htu: `https://auth.example.com.evil.example${PATH}` })],
    ['a host behind a name', () => prove({}, { htu: `https://auth.example.com@evil.example${PATH}` })],
    ['a name before the host', () => prove({}, { htu: `https://user@auth.example.com${PATH}` })],
    ['another scheme', () => prove({}, { htu: `http://auth.example.com${PATH}` })],
    ['another port', () => prove({}, { htu: `https://auth.example.com:444${PATH}` })],
    ['a list of URLs', () => prove({}, { htu: [URL_OF_CALL] })],
    ['no time', () => prove({}, { iat: undefined })],
    ['a time that is a text', () => prove({}, { iat: String(now / SECOND) })],
    ['no id', () => prove({}, { jti: undefined })],
    ['an empty id', () => prove({}, { jti: '' })],
    ['a long id', () => prove({}, { jti: 'j'.repeat(257) })],
    ['an id that is a number', () => prove({}, { jti: 1 })],
    ['a nonce that is a number', () => prove({}, { nonce: 1 })],
    ['an old time, and another path', () => prove({}, { iat: 1, htu: `${URL_OF_CALL}s` })],
  ])('is not %s', (_what, make) => {
    expect(check(make())).toBe('DPOP_PROOF_INVALID');
  });

  it('is none any more after five minutes', () => {
    const proof = prove();
    now = NOW + 5 * MINUTE;
    expect(check(proof)).toHaveProperty('clientKey');
    now = NOW + 5 * MINUTE + 1;
    expect(check(proof)).toBe('DPOP_NONCE_REQUIRED');
    now = NOW;
  });

  it.each([0, -1, 1, 1e12, -1e300, NOW / SECOND - 301, NOW / SECOND + 301])(
    'needs a nonce where the clock says %s',
    (iat) => {
      expect(check(prove({}, { iat }))).toBe('DPOP_NONCE_REQUIRED');
      expect(check(prove({}, { iat, nonce: nonces.issue() }))).toHaveProperty('clientKey');
    },
  );

  it.each([
    ['of another service', () => createDpopNonces({ key: Buffer.alloc(32, 2), clock }).issue()],
    ['with another time', () => `B${nonces.issue().slice(1)}`],
    ['that is too long', () => `${nonces.issue()}A`],
    ['that is empty', () => ''],
    ['that is a word', () => 'nonce'],
    ['with padding', () => `${nonces.issue()}=`],
  ])('is not saved by a nonce %s, and needs none where its time is right', (_which, make) => {
    expect(check(prove({}, { iat: 1, nonce: make() }))).toBe('DPOP_NONCE_REQUIRED');
    expect(check(prove({}, { nonce: make() }))).toHaveProperty('clientKey');
  });
});

describe('A nonce', () => {
  it('is good for five minutes, on every replica', () => {
    const replica = createDpopNonces({ key: Buffer.alloc(32, 1), clock });
    const nonce = nonces.issue();
    now = NOW + 5 * MINUTE;
    expect(replica.isGood(nonce)).toBe(true);
    now = NOW + 5 * MINUTE + 1;
    expect(replica.isGood(nonce)).toBe(false);
    // A replica whose clock is behind.
    now = NOW - 5 * SECOND;
    expect(replica.isGood(nonce)).toBe(true);
    now = NOW - 5 * SECOND - 1;
    expect(replica.isGood(nonce)).toBe(false);
    now = NOW;
  });
});
