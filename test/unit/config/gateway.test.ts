import { describe, expect, it } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';

const enough = {
  DATABASE_URL: 'postgres://auth_service:pg-secret@db/auth',
  MASTER_KEY: Buffer.alloc(32, 9).toString('base64'),
};
const load = (environment: Record<string, string>) => loadConfig({ ...enough, ...environment });

describe('The settings of the gateway', () => {
  it('leave it off, with nobody to believe and no page to let in', () => {
    expect(load({})).toMatchObject({ GATEWAY_ADDRESS: 'off', BROWSER_ORIGINS: [], TRUSTED_PROXIES: [] });
    expect(load({}).GATEWAY_URL).toBeUndefined();
  });

  it.each([
    ['off', 'off'],
    ['127.0.0.1:8080', { host: '127.0.0.1', port: 8080 }],
    ['[::1]:8080', { host: '::1', port: 8080 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
  ])('GATEWAY_ADDRESS may be %s', (text, value) => {
    expect(load({ GATEWAY_ADDRESS: text }).GATEWAY_ADDRESS).toEqual(value);
  });

  it.each(['on', '8080', 'localhost', '127.0.0.1:', '127.0.0.1:65536', 'http://127.0.0.1:8080', '127.0.0.1:8080/x'])(
    'GATEWAY_ADDRESS may not be %s',
    (text) => {
      expect(() => load({ GATEWAY_ADDRESS: text })).toThrow(/- GATEWAY_ADDRESS /);
    },
  );

  it.each(['0.0.0.0:8080', '[::]:8080', '10.0.0.5:8080', 'gateway.internal:8080'])(
    'GATEWAY_ADDRESS %s, which others can reach, needs GATEWAY_URL',
    (text) => {
      expect(() => load({ GATEWAY_ADDRESS: text })).toThrow(/GATEWAY_URL must say the https:\/\/ URL/);
      const url = { GATEWAY_URL: 'https://auth.example.com' };
      expect(load({ GATEWAY_ADDRESS: text, ...url })).toMatchObject(url);
    },
  );

  it.each(['https://auth.example.com', 'https://auth.example.com:8443', 'http://localhost:8080', 'http://[::1]:8080'])(
    'GATEWAY_URL may be %s',
    (text) => {
      expect(load({ GATEWAY_URL: text }).GATEWAY_URL).toBe(text);
    },
  );

  it.each([
    ...[
      'auth.example.com',
      'https://auth.example.com/',
      'https://auth.example.com/auth',
      'https://auth.example.com:443',
    ],
    ...['https://Auth.example.com', 'https://a@auth.example.com', 'ftp://auth.example.com', 'https://*.example.com/'],
    ...['https://auth.example.com?x', 'https://', 'null', '*', 'http://auth.example.com', 'http://10.0.0.5'],
  ])('GATEWAY_URL may not be %s', (text) => {
    expect(() => load({ GATEWAY_URL: text })).toThrow(/- GATEWAY_URL must/);
  });

  it('BROWSER_ORIGINS are origins as browsers write them', () => {
    const origins = ['https://app.example.com', 'https://app.example.com:8443', 'http://localhost:5173'];
    expect(load({ BROWSER_ORIGINS: origins.join(', ') }).BROWSER_ORIGINS).toEqual(origins);
  });

  it.each([
    ...['*', 'null', 'app.example.com', 'https://app.example.com/', 'https://app.example.com/page', 'file://'],
    ...['https://App.example.com', 'https://app.example.com:443', 'https://bücher.example', 'http://app.example.com'],
    ...['https://a.example.com,*', 'https://a.example.com;https://b.example.com', 'https://a@b.example.com'],
  ])('BROWSER_ORIGINS may not be %s', (text) => {
    expect(() => load({ BROWSER_ORIGINS: text })).toThrow(/- BROWSER_ORIGINS must/);
  });

  it('TRUSTED_PROXIES are addresses and networks', () => {
    const proxies = [
      '127.0.0.1',
      '10.0.0.0/8',
      '::1',
      '2001:db8::/32',
      '::ffff:10.0.0.1',
      '192.0.2.1/32',
      'fd00::/128',
    ];
    expect(load({ TRUSTED_PROXIES: proxies.join(',') }).TRUSTED_PROXIES).toEqual(proxies);
  });

  it.each([
    ...['*', 'localhost', 'proxy.internal', '0.0.0.0/0', '::/0', '10.0.0.0/33', '::1/129', '10.0.0.0/', '10.0.0.0/8/8'],
    ...[
      '10.0.0',
      '10.1',
      '1',
      '0x7f.1',
      '256.1.1.1',
      'fe80::1%eth0',
      '10.0.0.0/255.0.0.0',
      '10.0.0.0/08',
      '127.0.0.1:80',
    ],
    ...['loopback', 'uniquelocal', '10.0.0.1 10.0.0.2', '10.0.0.0/-1', '10.0.0.0/8.5'],
  ])('TRUSTED_PROXIES may not be %s', (text) => {
    expect(() => load({ TRUSTED_PROXIES: text })).toThrow(/- TRUSTED_PROXIES must/);
    expect(() => load({ TRUSTED_PROXIES: `10.0.0.1,${text}` })).toThrow(/- TRUSTED_PROXIES must/);
  });
});
