import { describe, expect, it } from 'vitest';
import { redactedConfig } from '../../../src/config/describe.ts';
import { ConfigProblem, isLoopbackHost, loadConfig } from '../../../src/config/load.ts';
import { settings } from '../../../src/config/settings.ts';

const MASTER_KEY = Buffer.alloc(32, 9).toString('base64');
const SHA256 = 'a'.repeat(64);
const enough = { DATABASE_URL: 'postgres://auth_service:pg-secret@db/auth', MASTER_KEY };

function problemsOf(environment: Record<string, string | undefined>): string[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (!(error instanceof ConfigProblem)) throw error;
    return error.message.split('\n').slice(1);
  }
  return [];
}

describe('The configuration', () => {
  it('needs a database and a master key, and has safe defaults for the rest', () => {
    const config = loadConfig(enough);
    expect(config).toMatchObject({
      LISTEN_ADDRESS: { host: '127.0.0.1', port: 50_051 },
      LOCAL_CALLERS: false,
      REFLECTION: false,
      BCRYPT_COST: 12,
      ACCESS_TOKEN_LIFETIME: 30 * 60_000,
      REFRESH_TOKEN_LIFETIME: 7 * 86_400_000,
      SESSION_LIFETIME: 30 * 86_400_000,
      REFRESH_GRACE: 30_000,
      ANONYMOUS_INTERFACES: ['customer'],
      SERVICE_CALLERS: [],
    });
  });

  it('tells everything that is wrong at once, each by its name', () => {
    const problems = problemsOf({
      DATABASE_URL: 'mysql://db/auth',
      REDIS_URL: 'localhost',
      BCRYPT_COST: '9',
      ACCESS_TOKEN_LIFETIME: '5 minutes',
      REFRESH_GRACE: '1h',
      SIGNING_ALGORITHM: 'HS256',
      LISTEN_ADDRESS: 'everywhere',
      LOCAL_CALLERS: 'yes',
      HASH_QUEUE: '-1',
      SERVICE_CALLERS: 'orders',
      LOG_LEVEL: 'loud',
    });
    const names = problems.map((line) => /^ {2}- ([A-Z_]+) /.exec(line)?.[1]);
    expect(names.sort()).toEqual([
      'ACCESS_TOKEN_LIFETIME',
      'BCRYPT_COST',
      'DATABASE_URL',
      'HASH_QUEUE',
      'LISTEN_ADDRESS',
      'LOCAL_CALLERS',
      'LOG_LEVEL',
      'MASTER_KEY',
      'REDIS_URL',
      'REFRESH_GRACE',
      'SERVICE_CALLERS',
      'SIGNING_ALGORITHM',
    ]);
  });

  it('counts an empty variable as one that is not set', () => {
    expect(loadConfig({ ...enough, REDIS_URL: '', BCRYPT_COST: '' })).toMatchObject({ BCRYPT_COST: 12 });
    expect(problemsOf({ ...enough, MASTER_KEY: '' })).toHaveLength(1);
  });

  it.each(['0.0.0.0:50051', '[::]:50051', '10.0.0.5:50051', 'auth.internal:50051', '127.evil.example:1'])(
    'on %s, which others can reach, asks who may call',
    (LISTEN_ADDRESS) => {
      expect(problemsOf({ ...enough, LISTEN_ADDRESS }).join()).toContain('SERVICE_CALLERS');
      const callers = JSON.stringify([{ name: 'orders', secretSha256: SHA256 }]);
      expect(problemsOf({ ...enough, LISTEN_ADDRESS, SERVICE_CALLERS: callers })).toEqual([]);
      expect(problemsOf({ ...enough, LISTEN_ADDRESS, SERVICE_CALLERS: callers, LOCAL_CALLERS: 'on' }).join()).toContain(
        'LOCAL_CALLERS=on',
      );
    },
  );

  it.each([
    ['a certificate without its key', { TLS_CERT_FILE: 'cert.pem' }, 'TLS_KEY_FILE'],
    ['an authority without a certificate', { TLS_CLIENT_CA_FILE: 'ca.pem' }, 'TLS_CERT_FILE'],
    [
      'named certificates without an authority',
      { SERVICE_CALLERS: '[{"name":"a","sans":["a.internal"]}]' },
      'TLS_CLIENT_CA_FILE',
    ],
    ['refresh tokens that end first', { REFRESH_TOKEN_LIFETIME: '5m' }, 'REFRESH_TOKEN_LIFETIME'],
    [
      'keys published longer than they sign',
      { SIGNING_KEY_PUBLISH_AHEAD: '1h', SIGNING_KEY_ROTATION: '1h' },
      'PUBLISH_AHEAD',
    ],
  ])('contradicts itself with %s', (_, settings, named) => {
    expect(problemsOf({ ...enough, ...settings }).join()).toContain(named);
  });

  it.each([
    ['no list', '{"name":"a"}'],
    ['no proof', '[{"name":"a"}]'],
    ['an empty list of certificates as proof', '[{"name":"a","sans":[]}]'],
    ['a secret in the clear', '[{"name":"a","secretSha256":"secret"}]'],
    ['a word that is not known', `[{"name":"a","secretSha256":"${SHA256}","method":["*"]}]`],
    ['a name that is none', `[{"name":"A B","secretSha256":"${SHA256}"}]`],
  ])('refuses service callers with %s', (_, callers) => {
    expect(problemsOf({ ...enough, SERVICE_CALLERS: callers }).join()).toContain('SERVICE_CALLERS');
  });

  it('is shown without its secrets', () => {
    const secrets = {
      ...enough,
      DATABASE_OWNER_URL: 'postgres://auth_owner:owner-secret@db/auth',
      REDIS_URL: 'redis://:redis-secret@cache',
      SERVICE_CALLERS: JSON.stringify([{ name: 'orders', secretSha256: SHA256 }]),
    };
    const config = loadConfig(secrets);
    const shown = JSON.stringify(redactedConfig(config));
    const binary = [...config.MASTER_KEY.toString('hex').matchAll(/.{16}/g)].map(([part]) => part);
    for (const secret of ['pg-secret', 'owner-secret', 'redis-secret', SHA256, MASTER_KEY, '"data":[', ...binary]) {
      expect(shown).not.toContain(secret);
    }
    expect(redactedConfig(config)).toMatchObject({ MASTER_KEY: '(secret)', BCRYPT_COST: 12 });
  });

  it('knows which hosts only this machine reaches', () => {
    for (const host of ['localhost', '127.0.0.1', '127.8.9.10', '::1']) expect(isLoopbackHost(host), host).toBe(true);
    for (const host of ['0.0.0.0', '::', '128.0.0.1', '127.0.0.1.example', 'localhost.example', '']) {
      expect(isLoopbackHost(host), host).toBe(false);
    }
  });
});

describe('The settings of messages', () => {
  const NAME = { PRODUCT_NAME: 'Ducks' };
  const FRONT = { LINK_BASE_URL: 'https://front.example' };
  const MAIL = { ...NAME, ...FRONT, MAIL_URL: 'smtp://u:p@mail.example:587' };
  const TWILIO = {
    ...NAME,
    ...FRONT,
    TWILIO_ACCOUNT_SID: 'AC1',
    TWILIO_AUTH_TOKEN: 'token',
    TWILIO_FROM: '+15550001111',
  };
  const WEBHOOK = {
    ...NAME,
    ...FRONT,
    MESSAGE_WEBHOOK_URL: 'https://sms.example/send',
    MESSAGE_WEBHOOK_SECRET: `whsec_${Buffer.alloc(32, 1).toString('base64')}`,
  };
  const FROM = { MAIL_FROM: 'no-reply@service.example' };

  it.each([
    [MAIL, 'MAIL_URL needs MAIL_FROM, LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...MAIL, ...FROM, LINK_BASE_URL: '' }, 'MAIL_URL needs MAIL_FROM, LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...MAIL, ...FROM, PRODUCT_NAME: '' }, 'MAIL_URL needs MAIL_FROM, LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...TWILIO, PRODUCT_NAME: '' }, 'TWILIO_ACCOUNT_SID needs LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...TWILIO, LINK_BASE_URL: '' }, 'TWILIO_ACCOUNT_SID needs LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...WEBHOOK, PRODUCT_NAME: '' }, 'MESSAGE_WEBHOOK_URL needs LINK_BASE_URL and PRODUCT_NAME.'],
    [{ ...WEBHOOK, LINK_BASE_URL: '' }, 'MESSAGE_WEBHOOK_URL needs LINK_BASE_URL and PRODUCT_NAME.'],
    [{ PRODUCT_NAME: 'x'.repeat(61) }, 'PRODUCT_NAME must have at most 60 characters'],
    [{ SMS_COUNTRIES: 'Russia' }, 'SMS_COUNTRIES must be countries of two capital letters each, such as RU,KZ'],
    [{ SMS_COUNTRIES: 'RU,kz' }, 'SMS_COUNTRIES must be countries of two capital letters each, such as RU,KZ'],
    [{ SMS_COUNTRIES: 'RU KZ' }, 'SMS_COUNTRIES must be countries of two capital letters each, such as RU,KZ'],
    [{ ...TWILIO, TWILIO_FROM: '' }, 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together.'],
    [{ TWILIO_AUTH_TOKEN: 'x' }, 'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together.'],
    [{ ...WEBHOOK, MESSAGE_WEBHOOK_SECRET: '' }, 'MESSAGE_WEBHOOK_URL and MESSAGE_WEBHOOK_SECRET go together.'],
    [{ ...WEBHOOK, MESSAGE_WEBHOOK_URL: '' }, 'MESSAGE_WEBHOOK_URL and MESSAGE_WEBHOOK_SECRET go together.'],
    [{ ...WEBHOOK, MESSAGE_WEBHOOK_SECRET: 'short' }, 'MESSAGE_WEBHOOK_SECRET must be whsec_'],
    [{ ...WEBHOOK, MESSAGE_WEBHOOK_URL: 'https://u:p@sms.example/' }, 'must not contain a user or a password'],
    [{ ...WEBHOOK, MESSAGE_WEBHOOK_URL: 'http://sms.example/' }, 'MESSAGE_WEBHOOK_URL must begin with https://'],
    [{ ...TWILIO, TWILIO_URL: 'http://twilio.example' }, 'TWILIO_URL must begin with https://'],
    [{ LINK_BASE_URL: 'https://front.example/#x' }, 'LINK_BASE_URL must have no query and no fragment'],
    [{ LINK_BASE_URL: 'https://front.example/?x' }, 'LINK_BASE_URL must have no query and no fragment'],
    [{ MAIL_URL: 'mail.example' }, 'MAIL_URL must be a URL'],
  ])('%j: what belongs together is missed, and named', (environment, problem) => {
    expect(problemsOf({ ...enough, ...environment })).toEqual([expect.stringContaining(problem)]);
  });

  it('name the values that there are to choose from', () => {
    for (const name of ['REGISTRATION_PHONE', 'REGISTRATION_SECOND_LOGIN'] as const) {
      expect(settings[name].about).toContain('required, optional or off');
    }
    expect(settings.DEFAULT_LANGUAGE.about).toContain('en or ru');
  });

  it.each([
    { ...MAIL, ...FROM },
    { SMS_COUNTRIES: 'RU, KZ' },
    {},
    TWILIO,
    WEBHOOK,
    { ...WEBHOOK, MESSAGE_WEBHOOK_URL: 'http://[::1]:9/' },
  ])('%j is whole', (environment) => {
    expect(problemsOf({ ...enough, ...environment })).toEqual([]);
  });

  it.each([
    ['no-reply@service.example', { name: '', address: 'no-reply@service.example' }],
    ['<no-reply@service.example>', { name: '', address: 'no-reply@service.example' }],
    ['Accounts <no-reply@service.example>', { name: 'Accounts', address: 'no-reply@service.example' }],
    ['Учётные записи <a@b.example>', { name: 'Учётные записи', address: 'a@b.example' }],
  ])('the sender %j is a name and an address', (from, parsed) => {
    expect(loadConfig({ ...enough, MAIL_FROM: from }).MAIL_FROM).toEqual(parsed);
  });

  it.each([
    'nobody',
    'A <a@b.example',
    'A a@b.example',
    'a@b.example>',
    'A <a@b.example>, B <b@b.example>',
    'a@b.example, c@d.example',
    'A\r\nBcc: x@y.example <a@b.example>',
    '"A" <a@b.example>',
    'A <a@b.example\r\n>',
    'A <"a b"@b.example>',
    'A <a@b@c.example>',
  ])('the sender %j is refused', (from) => {
    expect(problemsOf({ ...enough, MAIL_FROM: from })).toEqual([expect.stringContaining('MAIL_FROM must be')]);
  });

  it('that are secret are not printed', () => {
    const config = loadConfig({ ...enough, ...MAIL, ...FROM, ...TWILIO, ...WEBHOOK });
    expect(JSON.stringify(redactedConfig(config))).not.toMatch(/u:p@|"token"|whsec/);
  });
});
