import { createHmac, createPublicKey, generateKeyPairSync, randomUUID } from 'node:crypto';
import type { SigningKey } from '../../src/tokens/signing-key.ts';
import type { SigningAlgorithm } from '../../src/tokens/verification-key.ts';
import { base64url, decodeUnverified, segment, signJws } from './signing.ts';

/** What an attacker may hold: a good token, others of the service, and what makes tokens almost right. */
export type Material = {
  readonly good: string;
  /** Live as well, of somebody else. */
  readonly another: string;
  readonly refreshToken: string;
  /** The real key. Where it signs, all is right but the one thing that the case names. */
  readonly key: SigningKey;
};

export type HostileToken = readonly [name: string, token: string, reason: string];

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The same bytes in another spelling: the spare bits of the last character are set. Null where there are none. */
function withSpareBits(part: string): string | null {
  if (part.length % 4 === 0) return null;
  const last = ALPHABET.indexOf(part.slice(-1));
  return part.slice(0, -1) + ALPHABET[last | 1];
}

/** A claim or parameter left out. */
const without = (from: Record<string, unknown>, name: string) =>
  Object.fromEntries(Object.entries(from).filter(([key]) => key !== name));

const foreignPair = (algorithm: SigningAlgorithm) => {
  switch (algorithm) {
    case 'EdDSA':
      return { ...generateKeyPairSync('ed25519'), algorithm };
    case 'ES256':
      return { ...generateKeyPairSync('ec', { namedCurve: 'P-256' }), algorithm };
    case 'RS256':
      return { ...generateKeyPairSync('rsa', { modulusLength: 2048 }), algorithm };
  }
};

/** Nobody of ours has signed these. */
export function forgedTokens({ good, another, key }: Material): HostileToken[] {
  const { header, payload } = decodeUnverified(good);
  const [headerText = '', payloadText = '', signatureText = ''] = good.split('.');
  const evil = { ...payload, roles: ['superadmin'] };
  const unsigned = (alg: unknown, signature = '') => `${segment({ ...header, alg })}.${segment(evil)}.${signature}`;

  const publicKey = createPublicKey({ key: key.publicJwk, format: 'jwk' });
  const publicTexts: [string, string | Buffer][] = [
    ['PEM', publicKey.export({ type: 'spki', format: 'pem' })],
    ['PEM without its last newline', publicKey.export({ type: 'spki', format: 'pem' }).toString().trimEnd()],
    ['DER', publicKey.export({ type: 'spki', format: 'der' })],
    ['JWK', JSON.stringify(key.publicJwk)],
    ['raw x', Buffer.from(key.publicJwk['x'] ?? '', 'base64url')],
    ['x as text', key.publicJwk['x'] ?? ''],
    ['nothing', ''],
  ];
  const hmac = (alg: 'HS256' | 'HS384' | 'HS512', secret: string | Buffer) => {
    const input = `${segment({ ...header, alg })}.${segment(evil)}`;
    return `${input}.${createHmac(alg.replace('HS', 'sha'), secret).update(input).digest('base64url')}`;
  };

  const eddsa = foreignPair('EdDSA');
  const jwk = eddsa.publicKey.export({ format: 'jwk' });
  const foreign = (extra: object, from: object = header) => signJws(eddsa, { ...from, ...extra }, evil);
  const flip = Buffer.from(signatureText, 'base64url');
  flip.writeUInt8(flip.readUInt8(0) ^ 1, 0);

  return [
    ...['none', 'None', 'NONE', 'nOnE', ''].map((alg): HostileToken => [
      `alg ${alg || 'empty'}, no signature`,
      unsigned(alg),
      'TOKEN_MALFORMED',
    ]),
    ...['none', 'None', 'NONE', 'nOnE', '', null, 0, ['EdDSA'], { EdDSA: 1 }, 'EDDSA', 'eddsa', 'Ed25519'].map(
      (alg): HostileToken => [
        `alg ${JSON.stringify(alg)}, the signature of a good token`,
        unsigned(alg, signatureText),
        'TOKEN_SIGNATURE_INVALID',
      ],
    ),
    [
      'no alg at all',
      `${segment(without(header, 'alg'))}.${segment(evil)}.${signatureText}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    ...publicTexts.map(([name, secret]): HostileToken => [
      `HS256 with the public key as secret: ${name}`,
      hmac('HS256', secret),
      'TOKEN_SIGNATURE_INVALID',
    ]),
    ['HS384 with the public key as secret', hmac('HS384', publicTexts[0]?.[1] ?? ''), 'TOKEN_SIGNATURE_INVALID'],
    ['HS512 with the public key as secret', hmac('HS512', publicTexts[0]?.[1] ?? ''), 'TOKEN_SIGNATURE_INVALID'],
    ...(['EdDSA', 'ES256', 'RS256'] as const).map((alg): HostileToken => [
      `${alg} by a foreign key under our kid`,
      signJws(foreignPair(alg), { ...header, alg }, evil),
      'TOKEN_SIGNATURE_INVALID',
    ]),
    ['a foreign key that the header brings along: jwk', foreign({ jwk }), 'TOKEN_SIGNATURE_INVALID'],
    ['... under a kid of its own', foreign({ jwk, kid: 'mine' }), 'TOKEN_KEY_UNKNOWN'],
    ['... and no kid', foreign({ jwk }, without(header, 'kid')), 'TOKEN_KEY_UNKNOWN'],
    ['jku', foreign({ jku: 'http://127.0.0.1:9/jwks.json' }), 'TOKEN_SIGNATURE_INVALID'],
    ['jku and a kid of its own', foreign({ jku: 'http://127.0.0.1:9/jwks.json', kid: 'mine' }), 'TOKEN_KEY_UNKNOWN'],
    ['x5u', foreign({ x5u: 'http://127.0.0.1:9/cert.pem' }), 'TOKEN_SIGNATURE_INVALID'],
    ['x5c', foreign({ x5c: ['MIIB'] }), 'TOKEN_SIGNATURE_INVALID'],
    ...[
      'nobody',
      '../../../../dev/null',
      "' or 1=1 --",
      '',
      '__proto__',
      'constructor',
      'toString',
      0,
      null,
      [key.kid],
      { kid: key.kid },
      `${key.kid} `,
      `${key.kid}\0`,
      key.kid.toLowerCase(),
    ].map((kid): HostileToken => [
      `kid ${JSON.stringify(kid)}, signed by our key`,
      signJws(key, { ...header, kid }, payload),
      'TOKEN_KEY_UNKNOWN',
    ]),
    ['no kid, signed by our key', signJws(key, without(header, 'kid'), payload), 'TOKEN_KEY_UNKNOWN'],
    ['a changed claim', `${headerText}.${segment(evil)}.${signatureText}`, 'TOKEN_SIGNATURE_INVALID'],
    [
      'a duplicated claim',
      `${headerText}.${segment(JSON.stringify(payload).replace('{', '{"roles":["superadmin"],'))}.${signatureText}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    [
      'the claims of another token',
      `${headerText}.${another.split('.')[1]}.${signatureText}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    [
      'the signature of another token',
      `${headerText}.${payloadText}.${another.split('.')[2]}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    ['a bit of the signature flipped', `${headerText}.${payloadText}.${base64url(flip)}`, 'TOKEN_SIGNATURE_INVALID'],
    ['the signature cut', `${headerText}.${payloadText}.${base64url(flip.subarray(0, 32))}`, 'TOKEN_SIGNATURE_INVALID'],
    [
      'the signature longer',
      `${headerText}.${payloadText}.${base64url(Buffer.concat([Buffer.from(signatureText, 'base64url'), Buffer.alloc(1)]))}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    ['8192 characters', `${headerText}.${payloadText}.`.padEnd(8192, 'A'), 'TOKEN_SIGNATURE_INVALID'],
    ['a signature of zeroes', `${headerText}.${payloadText}.${base64url(Buffer.alloc(64))}`, 'TOKEN_SIGNATURE_INVALID'],
    [
      'the header said in another order',
      `${segment(Object.fromEntries(Object.entries(header).reverse()))}.${payloadText}.${signatureText}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
    [
      'white space in the header',
      `${segment(` ${JSON.stringify(header)}`)}.${payloadText}.${signatureText}`,
      'TOKEN_SIGNATURE_INVALID',
    ],
  ];
}

/** Signed by our own key, as if somebody had tricked it into signing, or it were used for something else too. */
export function misdirectedTokens({ good, key }: Material): HostileToken[] {
  const { header, payload } = decodeUnverified(good);
  const now = Math.floor(Date.now() / 1000);
  const claims = (change: object) => signJws(key, header, { ...payload, ...change });
  const lacking = (name: string) => signJws(key, header, without(payload, name));
  const headers = (change: object) => signJws(key, { ...header, ...change }, payload);

  const wrongClaims: [name: string, change: object][] = [
    ['aud of another product', { aud: 'other' }],
    ['aud as a list with ours in it', { aud: ['internal', 'other'] }],
    ['aud as a list of ours alone', { aud: ['internal'] }],
    ['aud empty', { aud: '' }],
    ['aud in capitals', { aud: 'INTERNAL' }],
    ['iss of another service', { iss: 'https://evil.example' }],
    ['iss with a slash more', { iss: 'auth-service/' }],
    ['iss null', { iss: null }],
    ['sub that is no UUID', { sub: 'admin' }],
    ['sub in capitals', { sub: String(payload['sub']).toUpperCase().replace(/^./, 'A') }],
    ['sub with a newline', { sub: `${String(payload['sub'])}\n` }],
    ['sub as a number', { sub: 1 }],
    ['sid that is no UUID', { sid: '1' }],
    ['sid as a list', { sid: [payload['sid']] }],
    ['jti that is no UUID', { jti: 'x' }],
    ['jti empty', { jti: '' }],
    ['exp as a text', { exp: String(now + 600) }],
    ['exp with a fraction', { exp: now + 600.5 }],
    ['exp negative', { exp: -1 }],
    ['exp zero', { exp: 0 }],
    ['exp beyond all numbers', { exp: 1e300 }],
    ['exp null', { exp: null }],
    ['iat in the future', { iat: now + 600, exp: now + 1200 }],
    ['iat as a text', { iat: String(now) }],
    ['nbf in the future', { nbf: now + 600 }],
    ['nbf as a text', { nbf: 'now' }],
    ['roles as a text', { roles: 'superadmin' }],
    ['roles with a number', { roles: ['customer', 1] }],
    ['roles with an empty one', { roles: [''] }],
    ['roles null', { roles: null }],
  ];
  return [
    ...wrongClaims.map(([name, change]): HostileToken => [name, claims(change), 'TOKEN_CLAIMS_INVALID']),
    ...['iss', 'aud', 'sub', 'sid', 'jti', 'iat', 'exp', 'roles'].map((name): HostileToken => [
      `no ${name}`,
      lacking(name),
      'TOKEN_CLAIMS_INVALID',
    ]),
    ['exp in the past', claims({ iat: now - 700, exp: now - 100 }), 'TOKEN_EXPIRED'],
    [
      'duplicated aud, the last one wrong',
      signJws(key, header, JSON.stringify(payload).replace(/}$/, ',"aud":"other"}')),
      'TOKEN_CLAIMS_INVALID',
    ],
    [
      'duplicated exp, the last one past',
      signJws(key, header, JSON.stringify(payload).replace(/}$/, ',"exp":1}')),
      'TOKEN_EXPIRED',
    ],
    ...['JWT', 'at+JWT', 'AT+JWT', 'application/at+jwt', 'at+jwt ', 'rt+jwt', 'id+jwt', '', null, ['at+jwt']].map(
      (typ): HostileToken => [`typ ${JSON.stringify(typ)}`, headers({ typ }), 'TOKEN_MALFORMED'],
    ),
    ['no typ', signJws(key, without(header, 'typ'), payload), 'TOKEN_MALFORMED'],
    [
      'an ID token',
      signJws(key, { ...header, typ: 'JWT' }, { ...without(payload, 'roles'), nonce: randomUUID() }),
      'TOKEN_MALFORMED',
    ],
    [
      'duplicated typ, the last one wrong',
      signJws(key, JSON.stringify(header).replace(/}$/, ',"typ":"JWT"}'), payload),
      'TOKEN_MALFORMED',
    ],
    ['crit', headers({ crit: ['exp'], exp: now + 600 }), 'TOKEN_MALFORMED'],
    ['crit empty', headers({ crit: [] }), 'TOKEN_MALFORMED'],
    ['b64 false, as critical as it has to be', headers({ crit: ['b64'], b64: false }), 'TOKEN_MALFORMED'],
    ['deflated, as JWE may be', signJws(key, { ...header, zip: 'DEF' }, 'not JSON but deflated'), 'TOKEN_MALFORMED'],
    ['a list as header', signJws(key, '[]', payload), 'TOKEN_MALFORMED'],
    ['null as header', signJws(key, 'null', payload), 'TOKEN_MALFORMED'],
    ['a text as header', signJws(key, '"EdDSA"', payload), 'TOKEN_MALFORMED'],
    ['a list as payload', signJws(key, header, '[]'), 'TOKEN_MALFORMED'],
    ['null as payload', signJws(key, header, 'null'), 'TOKEN_MALFORMED'],
    ['a number as payload', signJws(key, header, '7'), 'TOKEN_MALFORMED'],
    ['no JSON as payload', signJws(key, header, '{"sub":'), 'TOKEN_MALFORMED'],
    [
      'JSON nested 3 000 deep',
      signJws(key, header, `${'['.repeat(3000)}${']'.repeat(3000)}`.slice(0, 5800)),
      'TOKEN_MALFORMED',
    ],
    [
      'a byte order mark before the payload',
      signJws(key, header, `\uFEFF${JSON.stringify(payload)}`),
      'TOKEN_MALFORMED',
    ],
  ];
}

/** A good token, spelled in another way: each would be one more text of a token that is known by its text somewhere. */
export function respelledTokens({ good, refreshToken }: Material): HostileToken[] {
  const parts = good.split('.');
  const [header = '', payload = '', signature = ''] = parts;
  const spareBits = parts.flatMap((part, index): HostileToken[] => {
    const other = withSpareBits(part);
    return other === null || other === part
      ? []
      : [[`spare bits in segment ${index + 1}`, parts.with(index, other).join('.'), 'TOKEN_MALFORMED']];
  });
  const texts: [name: string, token: string][] = [
    ['padding after the signature', `${good}=`],
    ['padding, two of it', `${good}==`],
    ['padding in the header', `${header}=.${payload}.${signature}`],
    ['a space behind', `${good} `],
    ['a space before', ` ${good}`],
    ['a newline behind', `${good}\n`],
    ['a carriage return behind', `${good}\r`],
    ['a tab inside', `${header}.\t${payload}.${signature}`],
    ['the alphabet of plain base64', `${header}.${payload}.+/${signature.slice(2)}`],
    ['two dots', `${header}..${payload}.${signature}`],
    ['a dot behind', `${good}.`],
    ['a dot before', `.${good}`],
    ['one segment', header],
    ['two segments', `${header}.${payload}`],
    ['four segments', `${good}.${signature}`],
    ['five segments, as a JWE has', `${header}.${header}.${header}.${payload}.${signature}`],
    ['an empty header', `.${payload}.${signature}`],
    ['an empty payload', `${header}..${signature}`],
    ['an empty signature', `${header}.${payload}.`],
    ['dots alone', '..'],
    ['with its scheme', `Bearer ${good}`],
    ['in upper case', good.toUpperCase()],
    ['in lower case', good.toLowerCase()],
    ['percent-encoded', good.replaceAll('.', '%2E')],
    ['with a NUL behind', `${good}\0`],
    ['with a NUL inside', `${header}.\0${payload}.${signature}`],
    ['with full-width dots', good.replaceAll('.', '．')],
    ['with a zero-width space', `${good}\u200B`],
    ['with a replacement character', `${good}\uFFFD`],
    ['as JSON serialisation', JSON.stringify({ payload, protected: header, signature })],
    ['twice', `${good},${good}`],
    ['8192 dots', '.'.repeat(8192)],
    ['a refresh token', refreshToken],
    ['a word', 'null'],
  ];
  return [...texts.map(([name, token]): HostileToken => [name, token, 'TOKEN_MALFORMED']), ...spareBits];
}
