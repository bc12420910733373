import { once } from 'node:events';
import { readdirSync } from 'node:fs';
import { request } from 'node:http';
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { buffer } from 'node:stream/consumers';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { linkWith } from '../../src/messages/links.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const VIEWS = ['/', '/login', '/register', '/account', '/support'];
const LINKS = (['registration', 'contact_confirmation', 'password_reset', 'invitation'] as const).map(
  (purpose) => new URL(linkWith('http://localhost', purpose, 'token')!).pathname,
);

describe('The account page', () => {
  let database: TestDatabase;
  let service: TestService;
  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({ DATABASE_URL: database.serviceUrl, GATEWAY_ADDRESS: '127.0.0.1:0' });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  /** As it travels: fetch would decompress. */
  async function ask(path: string, headers: Record<string, string> = {}, method = 'GET') {
    const { promise, resolve, reject } = Promise.withResolvers<[number, IncomingHttpHeaders, Buffer]>();
    request(service.gatewayUrl + path, { method, headers }, (response) => {
      buffer(response).then((body) => resolve([response.statusCode ?? 0, response.headers, body]), reject);
    })
      .on('error', reject)
      .end();
    const [status, answered, body] = await promise;
    return { status, headers: answered, body };
  }
  const assets = async () => {
    const { body } = await ask('/');
    return [...body.toString().matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map(([, path]) => path!);
  };

  it('is the same at the path of every view and of every link in a message', async () => {
    const { body } = await ask('/');
    expect(body.toString()).toContain('<div id="page"></div>');
    for (const path of [...VIEWS, ...LINKS, '/account?section=contacts']) {
      const answer = await ask(path);
      expect([path, answer.status, answer.body.equals(body)]).toEqual([path, 200, true]);
      expect(answer.headers).toMatchObject({ 'content-type': 'text/html;charset=utf-8', 'cache-control': 'no-cache' });
    }
  });

  it('may load and call what is here and nothing else, and stands in no frame', async () => {
    for (const path of ['/', ...LINKS, ...(await assets())]) {
      const { headers } = await ask(path);
      const policy = new Map(
        headers['content-security-policy']
          ?.toString()
          .split('; ')
          .map((rule) => rule.split(/ (.*)/, 2) as [string, string]),
      );
      expect(Object.fromEntries(policy)).toEqual({
        ...{ 'default-src': "'none'", 'script-src': "'self'", 'style-src': "'self'", 'img-src': "'self'" },
        ...{ 'connect-src': "'self'", 'base-uri': "'none'", 'form-action': "'none'", 'frame-ancestors': "'none'" },
        ...{ 'require-trusted-types-for': "'script'", 'trusted-types': "'none'" },
      });
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-opener-policy': 'same-origin',
        'cross-origin-resource-policy': 'same-origin',
      });
    }
  });

  it('has no script and no style in its document, which the policy would refuse', async () => {
    const document = (await ask('/')).body.toString();
    expect(document).not.toMatch(/<script(?![^>]* src=)|<style| style=| on\w+=/);
  });

  it('is one script, one style sheet and an icon, which browsers keep for ever', async () => {
    const paths = await assets();
    expect(paths.map((path) => path.split('.').at(-1)).sort()).toEqual(['css', 'js', 'svg']);
    for (const path of paths) {
      const { status, headers } = await ask(path);
      expect([path, status, headers['cache-control']]).toEqual([path, 200, 'public, max-age=31536000, immutable']);
    }
  });

  it('travels compressed, and is less than 100 kB', async () => {
    let sum = 0;
    for (const path of ['/', ...(await assets())]) {
      const plain = await ask(path);
      const brotli = await ask(path, { 'accept-encoding': 'gzip, br' });
      const gzip = await ask(path, { 'accept-encoding': 'gzip' });
      expect([brotli.headers['content-encoding'], gzip.headers['content-encoding']]).toEqual(['br', 'gzip']);
      expect(brotliDecompressSync(brotli.body).equals(plain.body)).toBe(true);
      expect(gunzipSync(gzip.body).equals(plain.body)).toBe(true);
      expect(brotli.headers['content-type']).toBe(plain.headers['content-type']);
      sum += brotli.body.length;
    }
    expect(sum).toBeLessThan(100_000);
  });

  it('is not sent again to whoever has it', async () => {
    const { headers } = await ask('/');
    const again = await ask('/', { 'if-none-match': headers.etag! });
    expect([again.status, again.body.length]).toEqual([304, 0]);
  });

  it('is answered whatever part of it is asked for: nobody ends the service with a range', async () => {
    const { body } = await ask('/');
    for (const range of ['bytes=5-3', 'bytes=-1', 'bytes=0-0', 'bytes=99999999-', 'bytes=a-b', 'lines=1-2', '']) {
      for (const path of ['/', ...(await assets())]) {
        const { status } = await ask(path, { range });
        expect([range, path, status]).toEqual([range, path, 200]);
      }
    }
    expect((await ask('/')).body.equals(body)).toBe(true);
  });

  it('leaves nothing open behind those who break off', async () => {
    const [script = ''] = (await assets()).filter((path) => path.endsWith('.js'));
    const openFiles = () => readdirSync('/proc/self/fd').length;
    const before = openFiles();
    for (let turn = 0; turn < 20; turn += 1) {
      await Promise.all(
        Array.from({ length: 15 }, async () => {
          const asked = request(service.gatewayUrl + script, { agent: false });
          asked.on('error', () => undefined).end();
          const [response] = (await once(asked, 'response')) as [IncomingMessage];
          response.destroy();
        }),
      );
    }
    await expect.poll(openFiles, { timeout: 10_000 }).toBeLessThan(before + 20);
  });

  it('tells a person in words that there is nothing at an address that he has mistyped', async () => {
    const { status, headers, body } = await ask('/accuont', { accept: 'text/html,*/*;q=0.8' });
    expect([status, headers['content-type']]).toEqual([404, 'text/html;charset=utf-8']);
    expect(body.equals((await ask('/')).body)).toBe(true);
  });

  it('is read and not written, and other paths have nothing', async () => {
    expect((await ask('/', {}, 'HEAD')).status).toBe(200);
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      expect([method, (await ask('/login', {}, method)).status]).toEqual([method, 404]);
    }
    for (const path of [
      '/admin',
      '/login/',
      '/LOGIN',
      '/assets',
      '/assets/',
      '/../package.json',
      '/%2e%2e/app.ts',
      '//',
    ]) {
      expect([path, (await ask(path)).status]).toEqual([path, 404]);
    }
  });
});
