import { hash as hashArgon2 } from '@node-rs/argon2';
import bcrypt from 'bcrypt';
import { beforeAll, describe, expect, it } from 'vitest';
import { readForeignHash } from '../../../src/passwords/foreign-hash.ts';
import { createPasswordHasher } from '../../../src/passwords/hasher.ts';
import type { PasswordHasher } from '../../../src/passwords/hasher.ts';

/** The constraint users_password_hash_form. */
const STORABLE =
  /^\$2[aby]\$[0-9]{2}\$[./A-Za-z0-9]{53}$|^\$argon2id\$v=19\$m=[0-9]{1,7},t=[0-9]{1,2},p=[0-9]{1,2}\$[A-Za-z0-9+/]{11,86}\$[A-Za-z0-9+/]{22,86}$/;

/** Of other systems: crypt_blowfish, jBCrypt, PHP and libxcrypt (bcrypt), the reference implementation (argon2id). */
const VECTORS: readonly (readonly [password: string, hash: string])[] = [
  ['U*U', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW'],
  ['U*U*', '$2a$05$CCCCCCCCCCCCCCCCCCCCC.VGOzA784oUp/Z0DY336zx7pLYAy0lwK'],
  ['U*U*U', '$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a'],
  ['abc', '$2a$06$If6bvum7DFjUnE9p2uDeDu0YHzrHM6tf.iqN8.yx.jNN1ILEf7h0i'],
  ['rasmuslerdorf', '$2y$07$BCryptRequires22Chrcte/VlQH0piJtjXl.0t1XkA8pw9dMXTpOq'],
  ['ä Straße', '$2y$05$abcdefghijklmnopqrstuu/rGoq4FFlcY1BbDtpuXmuZlPY0950DO'],
  ['x'.repeat(300), '$2a$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q'],
  ['x'.repeat(300), '$2y$05$abcdefghijklmnopqrstuujf8SX2ahXLwp9w/B.Y5XdysS6yR576q'],
  [
    '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789chars after 72 are ignored',
    '$2a$05$abcdefghijklmnopqrstuu5s2v8.iXieOjg/.AySBTTZIIVFJeBui',
  ],
  ['password', '$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'],
  ['password', '$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc'],
];

const SALT = 'abcdefghijklmnopqrstuu';
const DIGEST = '5s2v8.iXieOjg/.AySBTTZIIVFJeBui';
const argon2id = (parameters: string, rest = 'c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc') =>
  `$argon2id$v=19$${parameters}$${rest}`;

let hasher: PasswordHasher;
beforeAll(async () => {
  hasher = await createPasswordHasher({ cost: 4, concurrency: 2, queueLimit: 100 });
});

describe('A hash of another system', () => {
  it.each(VECTORS)('of %j is taken and verified as it was made: %s', async (password, text) => {
    const hash = readForeignHash(text);
    expect(hash).toMatch(STORABLE);
    expect(await hasher.verify(password, hash)).toBe(true);
    expect(await hasher.verify(`y${password}`, hash)).toBe(false);
    expect(await hasher.verify('', hash)).toBe(false);
  });

  it.each(['$2a$', '$2b$', '$2y$'])('of bcrypt is not ours, however it begins: %s', async (prefix) => {
    const hash = readForeignHash(prefix + (await bcrypt.hash('a password', 4)).slice(4)) ?? '';
    expect(hash.startsWith('$2y$04$')).toBe(true);
    expect(await hasher.verify('a password', hash)).toBe(true);
    expect(hasher.isOutdated(hash, 'a password')).toBe(true);
  });

  it('of bcrypt is not replaced where it has verified only the beginning of a password', async () => {
    const hash = readForeignHash(await bcrypt.hash('x'.repeat(72), 4)) ?? '';
    expect(await hasher.verify(`${'x'.repeat(72)} with a typo`, hash)).toBe(true);
    expect(hasher.isOutdated(hash, `${'x'.repeat(72)} with a typo`)).toBe(false);
    expect(hasher.isOutdated(hash, 'x'.repeat(72))).toBe(true);
  });

  it('refuses a wrong password no sooner than an unknown login, though it is cheap', async () => {
    const dear = await createPasswordHasher({ cost: 8, concurrency: 1, queueLimit: 10 });
    const cheap = readForeignHash(await bcrypt.hash('a password', 4));
    const taken = async (hash: string | null) => {
      const begun = performance.now();
      expect(await dear.verify('a wrong password', hash)).toBe(false);
      return performance.now() - begun;
    };
    const known: number[] = [];
    const unknown: number[] = [];
    for (let n = 0; n < 60; n += 1) {
      known.push(await taken(cheap));
      unknown.push(await taken(null));
    }
    // The share of pairs in which the known one is told sooner. It would be all of them.
    const sooner = known.flatMap((one) => unknown.map((other) => Number(one < other)));
    expect(sooner.reduce((sum, each) => sum + each, 0) / sooner.length).toBeLessThan(0.75);
  });

  it('of bcrypt was cut off where our own are not', async () => {
    const long = 'x'.repeat(72);
    const foreign = readForeignHash(await bcrypt.hash(`${long}the rest`, 4));
    expect(await hasher.verify(`${long}the rest`, foreign)).toBe(true);
    expect(await hasher.verify(`${long}another one`, foreign)).toBe(true);
    expect(await hasher.verify(long.slice(1), foreign)).toBe(false);
    const ours = await hasher.hash(`${long}the rest`);
    expect(await hasher.verify(`${long}another one`, ours)).toBe(false);
    expect(await hasher.verify(long, await hasher.hash(`${long}x`))).toBe(false);
  });

  it.each([72, 73, 254, 255, 256, 300])('of bcrypt reads a password of %i bytes as most systems do', async (length) => {
    const password = 'x'.repeat(length);
    const made = await bcrypt.hash(password, 4);
    for (const prefix of ['$2a$', '$2b$', '$2y$']) {
      expect(await hasher.verify(password, readForeignHash(prefix + made.slice(4)))).toBe(true);
    }
  });

  it('of bcrypt may have bits that mean nothing', async () => {
    const made = await bcrypt.hash('a password', `$2b$04$${SALT}`);
    // The next letters of its alphabet differ in those bits alone.
    const sloppy = `$2y$04$${SALT.slice(0, -1)}v${made.slice(29)}`;
    expect(await bcrypt.compare('a password', sloppy.replace('$2y$', '$2b$'))).toBe(false);
    expect(await hasher.verify('a password', readForeignHash(sloppy))).toBe(true);
  });

  it('of argon2id is taken for decomposed letters, too', async () => {
    const hash = readForeignHash(await hashArgon2('Ångström é'.normalize('NFC'), { memoryCost: 64, timeCost: 1 }));
    expect(await hasher.verify('Ångström é'.normalize('NFD'), hash)).toBe(true);
    expect(hasher.isOutdated(hash ?? '', 'Ångström é')).toBe(true);
  });

  it.each([
    argon2id('m=262144,t=10,p=16'),
    argon2id('m=8,t=1,p=1'),
    argon2id('m=128,t=1,p=16'),
    `$2a$04$${SALT}${DIGEST}`,
    `$2b$15$${SALT}${DIGEST}`,
  ])('is taken at its limits: %s', (text) => {
    expect(readForeignHash(text)).toMatch(STORABLE);
  });

  it.each([
    ...['', ' ', 'password', '5f4dcc3b5aa765d61d8327deb882cf99', '{SSHA}abc', '$1$abc$def', '$6$abc$def'],
    ...[`$2$05$${SALT}${DIGEST}`, `$2x$05$${SALT}${DIGEST}`, `$2c$05$${SALT}${DIGEST}`],
    ...[`$2b$03$${SALT}${DIGEST}`, `$2b$16$${SALT}${DIGEST}`, `$2b$31$${SALT}${DIGEST}`, `$2b$5$${SALT}${DIGEST}`],
    ...[`$2b$05$${SALT}${DIGEST}x`, `$2b$05$${SALT}${DIGEST.slice(1)}`, `$2b$05$${SALT}${DIGEST}\n`],
    ...[` $2b$05$${SALT}${DIGEST}`, `$2b$05$${SALT.slice(1)}=${DIGEST}`],
    ...['m=262145,t=2,p=1', 'm=9999999,t=2,p=1', 'm=65536,t=11,p=1', 'm=65536,t=2,p=17'].map((p) => argon2id(p)),
    ...['m=0,t=2,p=1', 'm=65536,t=0,p=1', 'm=65536,t=2,p=0', 'm=7,t=1,p=1', 'm=127,t=1,p=16'].map((p) => argon2id(p)),
    ...['m=065536,t=2,p=1', 't=2,m=65536,p=1', 'm=65536,t=2,p=1,keyid=x', 'm=65536,t=2'].map((p) => argon2id(p)),
    ...['c29tZXNhbHQ', 'c29tZXNhbHQ$', '$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc'].map((rest) =>
      argon2id('m=256,t=2,p=1', rest),
    ),
    ...['c29t$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc', `${'a'.repeat(87)}$${'a'.repeat(43)}`].map((rest) =>
      argon2id('m=256,t=2,p=1', rest),
    ),
    // A length that base64 does not have.
    argon2id('m=256,t=2,p=1', `${'a'.repeat(13)}$${'a'.repeat(43)}`),
    ...['$argon2i$', '$argon2d$'].map((name) => argon2id('m=256,t=2,p=1').replace('$argon2id$', name)),
    ...['v=16', 'v=18', ''].map((version) => argon2id('m=256,t=2,p=1').replace('v=19', version)),
    'x'.repeat(100_000),
  ])('is not taken: %s', (text) => {
    expect(readForeignHash(text)).toBeNull();
  });

  it('is never one that its verifier cannot read: every length of salt and digest', async () => {
    let taken = 0;
    for (let salt = 11; salt <= 86; salt += 5) {
      for (let digest = 22; digest <= 86; digest += 1) {
        const hash = readForeignHash(argon2id('m=8,t=1,p=1', `${'A'.repeat(salt)}$${'A'.repeat(digest)}`));
        if (hash === null) continue;
        taken += 1;
        expect(hash).toMatch(STORABLE);
        await expect(hasher.verify('a password', hash)).resolves.toBe(false);
      }
    }
    expect(taken).toBeGreaterThan(100);
  });
});
