import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ClientError, Metadata, Status } from 'nice-grpc';
import { PASSWORD, register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const RUNS = { numRuns: 300 };
const OUR_FAULT = [Status.INTERNAL, Status.UNKNOWN, Status.DATA_LOSS, Status.UNAVAILABLE, Status.UNIMPLEMENTED];

/** Texts of all of Unicode, with half characters and control characters, and texts that nearly are what is asked for. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 400 }),
  fc.string({ unit: 'grapheme', maxLength: 80 }),
  fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)), maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(...Array.from('+78905()-. \u0660\u0967@a')), maxLength: 40 }),
  fc.emailAddress(),
  fc.constantFrom(
    '',
    ' ',
    '+',
    '@',
    '.',
    '\u0000',
    '__proto__',
    'null',
    "' or 1=1 --",
    '\u202e',
    '\ufeff',
    'İ',
    'ſ',
    'ﷺ',
  ),
);

describe('Any text at all is answered, and never as a fault of ours', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      // A login costs a hash; those of one account that are refused unread cost none.
      LOGIN_FAILURES_PER_ACCOUNT: '1',
      LOGIN_FAILURES_PER_ADDRESS: '1',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('in Register', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          secondLogin: text,
          phone: text,
          email: text,
          password: text,
          groupNames: fc.array(text, { maxLength: 20 }),
          // None on which a registration would get as far as a hash.
          interface: fc.oneof(text, fc.constant('staff')),
          idempotencyKey: text,
          profile: fc.dictionary(text, fc.jsonValue()),
        }),
        (request) => expectNoFault(() => service.auth.register(request)),
      ),
      RUNS,
    );
  });

  it('in Register, field by field', async () => {
    const person = {
      secondLogin: 'somebody',
      phone: '+79991234567',
      email: 'somebody@example.com',
      password: 'correct horse battery staple',
      groupNames: ['customer'],
      interface: 'staff',
      idempotencyKey: '0123456789abcdef',
    };
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...Object.keys(person)), text, async (field, value) => {
        const wrong = field === 'groupNames' ? [value] : value;
        await expectNoFault(() => service.auth.register({ ...person, [field]: wrong }));
      }),
      RUNS,
    );
  });

  it('in Login', async () => {
    const address = { metadata: Metadata({ 'x-forwarded-for': '192.0.2.77' }) };
    await service.auth.login({ login: 'nobody', password: 'wrong' }, address).catch(() => undefined);
    await fc.assert(
      fc.asyncProperty(text, text, (login, password) =>
        expectNoFault(() => service.auth.login({ login, password }, address)),
      ),
      // Fewer than PUBLIC_CALLS_PER_MINUTE, which would answer in place of the login.
      { numRuns: 250 },
    );
  });

  it('in Refresh', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          text,
          text.map((end) => `rt1_${end}`),
        ),
        (refreshToken) => expectNoFault(() => service.auth.refresh({ refreshToken })),
      ),
      RUNS,
    );
  });

  it('in ValidateToken, and as the token of a call', async () => {
    const base64 = (part: string) => Buffer.from(part).toString('base64url');
    const jws = fc.tuple(fc.oneof(text, fc.json()), fc.oneof(text, fc.json()), text);
    const token = fc.oneof(
      text,
      jws.map((parts) => parts.map(base64).join('.')),
    );
    await fc.assert(
      fc.asyncProperty(token, async (accessToken) => {
        await expectNoFault(() => service.auth.validateToken({ accessToken }));
        if (!/^[\x21-\x7e]{1,4000}$/.test(accessToken)) return;
        const metadata = Metadata({ authorization: `Bearer ${accessToken}` });
        await expectNoFault(() => service.auth.logout({}, { metadata }));
      }),
      RUNS,
    );
  });

  it('in ListRoles', async () => {
    await fc.assert(
      fc.asyncProperty(text, (name) => expectNoFault(() => service.accounts.listRoles({ interface: name }))),
      RUNS,
    );
  });

  it('in CheckAvailability', async () => {
    await fc.assert(
      fc.asyncProperty(fc.oneof(text, fc.constantFrom('second_login', 'phone', 'email')), text, (contactType, value) =>
        expectNoFault(() => service.accounts.checkAvailability({ contactType, value })),
      ),
      { numRuns: 600 },
    );
  });

  it('in what is forwarded about a person', async () => {
    const printable = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((unit) => String.fromCharCode(unit)),
    });
    const address = fc.oneof(
      printable,
      fc.ipV4Extended(),
      fc.ipV6(),
      fc.ipV6().map((ip) => `${ip}%eth0`),
      fc.ipV6().map((ip) => `[${ip}]:443`),
      fc.constantFrom(
        '::ffff:192.0.2.1',
        'fe80::1%eth0',
        '0',
        '1',
        '192.0.2.1/24',
        '2001:db8::/64',
        ',',
        '192.0.2.300',
      ),
    );
    const { secondLogin } = await register(service);
    await fc.assert(
      fc.asyncProperty(address, printable, async (forwarded, userAgent) => {
        const metadata = Metadata({
          'x-forwarded-for': forwarded.trim(),
          'x-user-agent': userAgent.trim(),
          'x-request-id': userAgent.trim(),
        });
        // A login that succeeds, as only that one stores what was forwarded.
        await service.auth.login({ login: secondLogin, password: PASSWORD }, { metadata });
      }),
      { numRuns: 100 },
    );
  });

  async function expectNoFault(call: () => Promise<unknown>): Promise<void> {
    try {
      await call();
    } catch (error) {
      if (!(error instanceof ClientError)) throw error;
      expect(OUR_FAULT.map((code) => Status[code])).not.toContain(Status[error.code]);
      expect(error.details).toMatch(/^[A-Z][A-Za-z ,;-]+\.$/);
    }
  }
});
