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

const NONCE_REQUIRED = { reason: 'DPOP_NONCE_REQUIRED', metadata: {} };
/** What is told of a part that is wrong: nothing that comes from the client. */
const EXPECTED = {
  dpop: 'a proof in this header',
  jws: 'one compact JWS of at most 4096 characters',
  typ: 'dpop+jwt',
  alg: 'ES256, EdDSA, Ed25519',
  crit: 'not there',
  jwk: 'the public key, of the kind that alg names',
  signature: 'by the key in jwk',
  htm: 'POST',
  htu: `${URL_OF_CALL}, http://localhost:8080${PATH}`,
  jti: 'a text of 1 to 256 characters',
  iat: 'a number of seconds',
  nonce: 'a text',
};

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

  it.each<[what: string, part: keyof typeof EXPECTED, make: () => string]>([
    ['nothing', 'dpop', () => ''],
    ['a word', 'jws', () => 'proof'],
    ['two segments', 'jws', () => prove().split('.').slice(0, 2).join('.')],
    ['four segments', 'jws', () => `${prove()}.a`],
    ['two headers, as HTTP joins them', 'jws', () => `${prove()}, ${prove()}`],
    ['white space', 'jws', () => ` ${prove()}`],
    ['padding', 'jws', () => `${prove()}=`],
    ['a header that is no JSON', 'jws', () => `${segment('{')}.${prove().split('.').slice(1).join('.')}`],
    ['a header that is a list', 'jws', () => signJws({ ...pair, algorithm: 'ES256' }, '[]', claims())],
    ['claims that are no JSON', 'jws', () => signJws({ ...pair, algorithm: 'ES256' }, HEADER, 'claims')],
    ['claims that are null', 'jws', () => signJws({ ...pair, algorithm: 'ES256' }, HEADER, 'null')],
    ['more than 4 kB', 'jws', () => prove({}, { more: 'm'.repeat(4096) })],
    ['no type', 'typ', () => prove({ typ: undefined })],
    ['the type of an access token', 'typ', () => prove({ typ: 'at+jwt' })],
    ['a type in capitals', 'typ', () => prove({ typ: 'DPoP+JWT' })],
    ['something critical that we do not know', 'crit', () => prove({ crit: ['exp'], exp: 9e9 })],
    ['no algorithm', 'alg', () => prove({ alg: undefined })],
    ['the algorithm none', 'alg', () => prove({ alg: 'none' })],
    [
      'the algorithm none without a signature',
      'jws',
      () => `${segment({ ...HEADER, alg: 'none' })}.${segment(claims())}.`,
    ],
    ['HS256 with the public key as the secret', 'alg', () => withHmac(Buffer.from(JSON.stringify(jwk)))],
    [
      'HS256 with the PEM as the secret',
      'alg',
      () => withHmac(Buffer.from(pair.publicKey.export({ type: 'spki', format: 'pem' }))),
    ],
    ['HS256 with a symmetric key in it', 'alg', () => prove({ alg: 'HS256', jwk: { kty: 'oct', k: 'AAAA' } })],
    [
      'RS256',
      'alg',
      () =>
        signJws(
          { ...rsaPair, algorithm: 'RS256' },
          { ...HEADER, alg: 'RS256', jwk: rsaPair.publicKey.export({ format: 'jwk' }) },
          claims(),
        ),
    ],
    ['an RSA key that names the curve', 'jwk', () => proveByRsa('ES256', 'P-256')],
    ['an RSA key that names the other curve', 'jwk', () => proveByRsa('EdDSA', 'Ed25519')],
    ['a coordinate that is no text', 'jwk', () => prove({ jwk: { ...jwk, x: [jwk.x] } })],
    ['a type that is no text', 'jwk', () => prove({ jwk: { ...jwk, kty: ['EC'] } })],
    ['ES384', 'alg', () => prove({ alg: 'ES384' })],
    ['an algorithm that is no text', 'alg', () => prove({ alg: ['ES256'] })],
    ['no key', 'jwk', () => prove({ jwk: undefined })],
    ['a key that is a text', 'jwk', () => prove({ jwk: JSON.stringify(jwk) })],
    ['a key that is null', 'jwk', () => prove({ jwk: null })],
    ['a place of keys instead', 'jwk', () => prove({ jwk: undefined, jku: 'https://evil.example/keys', kid: 'a' })],
    ['the private half of the key', 'jwk', () => prove({ jwk: pair.privateKey.export({ format: 'jwk' }) })],
    ['the private half of an Ed25519 key', 'jwk', () => proveEd({ jwk: edPair.privateKey.export({ format: 'jwk' }) })],
    ['a private half that is empty', 'jwk', () => prove({ jwk: { ...jwk, d: '' } })],
    ['a key of the other algorithm', 'jwk', () => prove({ jwk: edJwk })],
    ['an Ed25519 key with the other algorithm', 'jwk', () => proveEd({ jwk })],
    [
      'a key of another curve',
      'jwk',
      () => prove({ jwk: generateKeyPairSync('ec', { namedCurve: 'P-384' }).publicKey.export({ format: 'jwk' }) }),
    ],
    ['a key of the wrong type', 'jwk', () => prove({ jwk: { ...jwk, kty: 'OKP' } })],
    ['a point that is not on the curve', 'jwk', () => prove({ jwk: { ...jwk, y: jwk.x } })],
    ['half a point', 'jwk', () => prove({ jwk: { ...jwk, y: undefined } })],
    ['the key of somebody else', 'signature', () => prove({ jwk: makePair().publicKey.export({ format: 'jwk' }) })],
    ['a signature of somebody else', 'signature', () => prove({}, {}, makePair().privateKey)],
    [
      'a signature with one bit flipped',
      'signature',
      () => editSignature(prove(), (bytes) => (bytes.writeUInt8(bytes.readUInt8(9) ^ 1, 9), bytes)),
    ],
    ['a signature of zeros', 'signature', () => editSignature(prove(), (bytes) => Buffer.alloc(bytes.length))],
    ['half a signature', 'signature', () => editSignature(prove(), (bytes) => bytes.subarray(0, 32))],
    [
      'a signature in DER',
      'signature',
      () => {
        const input = prove().split('.').slice(0, 2).join('.');
        return `${input}.${sign('sha256', Buffer.from(input), pair.privateKey).toString('base64url')}`;
      },
    ],
    ['claims that were changed', 'signature', () => prove().replace(/\.[^.]+\./, `.${segment(claims())}.`)],
    ['no method', 'htm', () => prove({}, { htm: undefined })],
    ['another method', 'htm', () => prove({}, { htm: 'GET' })],
    ['a method in small letters', 'htm', () => prove({}, { htm: 'post' })],
    ['no URL', 'htu', () => prove({}, { htu: undefined })],
    ['a path alone', 'htu', () => prove({}, { htu: PATH })],
    ['another path', 'htu', () => prove({}, { htu: URL_OF_CALL.replace('Refresh', 'Login') })],
    ['another path by a detour', 'htu', () => prove({}, { htu: `${URL_OF_CALL}/../Login` })],
    ['a path in small letters', 'htu', () => prove({}, { htu: URL_OF_CALL.toLowerCase() })],
    ['a slash too many', 'htu', () => prove({}, { htu: `${URL_OF_CALL}/` })],
    ['another host', 'htu', () => prove({}, { htu: `https://evil.example${PATH}` })],
    ['a host that begins like ours', 'htu', () => prove({}, { htu: `https://auth.example.com.evil.example${PATH}` })],
    ['a host behind a name', 'htu', () => prove({}, { htu: `https://auth.example.com@evil.example${PATH}` })],
    ['a name before the host', 'htu', () => prove({}, { htu: `https://user@auth.example.com${PATH}` })],
    ['another scheme', 'htu', () => prove({}, { htu: `http://auth.example.com${PATH}` })],
    ['another port', 'htu', () => prove({}, { htu: `https://auth.example.com:444${PATH}` })],
    ['a list of URLs', 'htu', () => prove({}, { htu: [URL_OF_CALL] })],
    ['no time', 'iat', () => prove({}, { iat: undefined })],
    ['a time that is a text', 'iat', () => prove({}, { iat: String(now / SECOND) })],
    ['no id', 'jti', () => prove({}, { jti: undefined })],
    ['an empty id', 'jti', () => prove({}, { jti: '' })],
    ['a long id', 'jti', () => prove({}, { jti: 'j'.repeat(257) })],
    ['an id that is a number', 'jti', () => prove({}, { jti: 1 })],
    ['a nonce that is a number', 'nonce', () => prove({}, { nonce: 1 })],
    ['an old time, and another path', 'htu', () => prove({}, { iat: 1, htu: `${URL_OF_CALL}s` })],
  ])('is not %s, and says what is wrong with it: %s', (_what, part, make) => {
    const metadata = { part, expected: EXPECTED[part] };
    expect(check(make())).toEqual({ reason: 'DPOP_PROOF_INVALID', metadata });
  });

  it('is none any more after five minutes', () => {
    const proof = prove();
    now = NOW + 5 * MINUTE;
    expect(check(proof)).toHaveProperty('clientKey');
    now = NOW + 5 * MINUTE + 1;
    expect(check(proof)).toEqual(NONCE_REQUIRED);
    now = NOW;
  });

  it.each([0, -1, 1, 1e12, -1e300, NOW / SECOND - 301, NOW / SECOND + 301])(
    'needs a nonce where the clock says %s',
    (iat) => {
      expect(check(prove({}, { iat }))).toEqual(NONCE_REQUIRED);
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
    expect(check(prove({}, { iat: 1, nonce: make() }))).toEqual(NONCE_REQUIRED);
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
