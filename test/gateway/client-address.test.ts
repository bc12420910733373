import { request as httpRequest } from 'node:http';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { PASSWORD, register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const LIST_ROLES = '/accounts.v1.AccountsService/ListRoles';
const LIMIT = 4;

let database: TestDatabase;
/** In front of it stands a proxy on this machine, and one more in a network of its own. */
let proxied: TestService;
let direct: TestService;

beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(async () => {
  await database?.drop();
});
// Counted anew for each test.
beforeEach(async () => {
  const settings = {
    DATABASE_URL: database.serviceUrl,
    GATEWAY_ADDRESS: '127.0.0.1:0',
    PUBLIC_CALLS_PER_MINUTE: String(LIMIT),
  };
  proxied = await startService({ ...settings, TRUSTED_PROXIES: '127.0.0.1,10.1.0.0/16,2001:db8:1::/48' });
  direct = await startService(settings);
  return async () => {
    await proxied.stop();
    await direct.stop();
  };
});

function post(service: TestService, path: string, body: object, headers: Record<string, string | string[]>) {
  const { port } = new URL(service.gatewayUrl);
  return new Promise<number>((resolve, reject) => {
    const options = { host: '127.0.0.1', port, path, method: 'POST' };
    const request = httpRequest(
      { ...options, headers: { 'content-type': 'application/json', ...headers } },
      (response) => {
        response.resume().on('end', () => resolve(response.statusCode ?? 0));
      },
    );
    request.on('error', reject);
    request.end(JSON.stringify(body));
  });
}
const call = (service: TestService, forwarded?: string | string[]) =>
  post(service, LIST_ROLES, { interface: 'customer' }, forwarded === undefined ? {} : { 'x-forwarded-for': forwarded });

/** How many of these calls are answered, one after the other. */
async function answered(service: TestService, forwarded: readonly (string | string[] | undefined)[]): Promise<number> {
  let count = 0;
  for (const header of forwarded) {
    const status = await call(service, header);
    expect([200, 429]).toContain(status);
    if (status === 200) count += 1;
  }
  return count;
}
const times = <T>(count: number, value: (index: number) => T) =>
  Array.from({ length: count }, (_, index) => value(index));

describe('Calls a minute', () => {
  it('are counted for each person behind a proxy that is believed', async () => {
    expect(
      await answered(
        proxied,
        times(10, () => '203.0.113.1'),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(
        proxied,
        times(10, () => '203.0.113.2'),
      ),
    ).toBe(LIMIT);
  });

  it('are counted by the connection where nobody is believed, whatever it says', async () => {
    expect(
      await answered(
        direct,
        times(10, (index) => `203.0.113.${index}`),
      ),
    ).toBe(LIMIT);
  });

  it('are counted by the last entry that is no proxy of ours: what stands before it, the person has written', async () => {
    expect(
      await answered(
        proxied,
        times(10, (index) => `198.51.100.${index}, 203.0.113.3`),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(
        proxied,
        times(10, (index) => `198.51.100.${index}, 203.0.113.4, 10.1.2.3`),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(
        proxied,
        times(10, (index) => [`198.51.100.${index}`, '203.0.113.5']),
      ),
    ).toBe(LIMIT);
    // A proxy that is not ours is a person like others.
    expect(
      await answered(
        proxied,
        times(10, (index) => `198.51.100.${index}, 10.2.0.1`),
      ),
    ).toBe(LIMIT);
  });

  it('of all addresses of one line (IPv6, /64) are counted together, and IPv4 in IPv6 as IPv4', async () => {
    expect(
      await answered(
        proxied,
        times(10, (index) => `2001:db8:2:3::${index + 1}`),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(
        proxied,
        times(10, (index) => `2001:db8:2:4::${index + 1}`),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(proxied, ['203.0.113.6', '::ffff:203.0.113.6', '::FFFF:CB00:7106', '203.0.113.6', '203.0.113.6']),
    ).toBe(LIMIT);
  });

  it('with no address in the header are counted all the same, as those of the proxy', async () => {
    const garbage = [
      ...['unknown', '_hidden', '', ' ', ',', '203.0.113.7:4711', '[2001:db8::1]:80', '1', '0x7f.1', '256.1.1.1'],
      ...['fe80::1%eth0', '203.0.113.7; DROP', 'a'.repeat(4000), '203.0.113.0/24', '٢٠٣.0.113.7'],
    ].map((header) => Buffer.from(header).toString('latin1'));
    expect(await answered(proxied, garbage)).toBe(LIMIT);
    // The person has written the first; the proxy of ours behind it has no name for him.
    expect(
      await answered(
        proxied,
        times(10, (index) => `198.51.100.${index}, unknown, 10.1.2.4`),
      ),
    ).toBe(LIMIT);
    expect(
      await answered(
        proxied,
        times(10, (index) => `203.0.113.${index + 20}`),
      ),
    ).toBe(10);
  });

  it('that come all at once are counted as well', async () => {
    const statuses = await Promise.all(times(50, () => call(proxied, '203.0.113.8')));
    expect(statuses.filter((status) => status === 200)).toHaveLength(LIMIT);
  });
});

describe('A login', () => {
  it('opens a session with the address and the browser of the person', async () => {
    const { secondLogin, userId } = await register(proxied);
    const headers = {
      'x-forwarded-for': '192.0.2.66, 203.0.113.9',
      'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
      // What a service would forward: here nobody is one.
      'x-user-agent': 'forged',
    };
    const login = { login: secondLogin, password: PASSWORD };
    expect(await post(proxied, '/auth.v1.AuthService/Login', login, headers)).toBe(200);
    expect(await post(direct, '/auth.v1.AuthService/Login', login, headers)).toBe(200);
    const sessions = await database.query(
      `select host(s.ip) as address, s.user_agent from auth.sessions s where s.user_id = $1 order by s.created_at desc limit 2`,
      [userId],
    );
    expect(sessions).toEqual([
      { address: '127.0.0.1', user_agent: headers['user-agent'] },
      { address: '203.0.113.9', user_agent: headers['user-agent'] },
    ]);
  });
});
