import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { StartProblem } from '../../../src/errors/start-problem.ts';
import { openPlaces } from '../../../src/sessions/locate.ts';
import { mmdbOf } from '../../support/mmdb.ts';

const MOSCOW = { country: { iso_code: 'RU' }, city: { names: { en: 'Moscow' } } };
const ALMATY = { country_code: 'KZ', city: 'Almaty' };
const PATIENCE = { timeout: 15_000, interval: 20 };

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'auth-places-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

let files = 0;
async function write(content: Buffer): Promise<string> {
  const file = path.join(directory, `${(files += 1)}.mmdb`);
  await writeFile(file, content);
  return file;
}

async function placesOf(file: string | undefined) {
  const problems: unknown[] = [];
  const onProblem = (error: unknown) => void problems.push(error);
  return { ...(await openPlaces({ file, onProblem, watchInterval: 20 })), problems };
}

describe('Places of addresses', () => {
  it('are found for both kinds of address, whatever form the database has', async () => {
    const file = await write(mmdbOf({ '203.0.113.0/24': MOSCOW, '2001:db8::/32': ALMATY }));
    const { locate, close, problems } = await placesOf(file);
    expect(locate('203.0.113.7')).toEqual({ country: 'RU', city: 'Moscow' });
    expect(locate('::ffff:203.0.113.7')).toEqual({ country: 'RU', city: 'Moscow' });
    expect(locate('2001:db8::1')).toEqual({ country: 'KZ', city: 'Almaty' });
    expect(problems).toEqual([]);
    close();
  });

  it.each([
    '10.0.0.1',
    '127.0.0.1',
    '192.168.1.1',
    '::1',
    'fe80::1',
    'fc00::1',
    '::',
    '::ffff:10.0.0.1',
    '',
    'nowhere',
  ])('are not known of %j, and that is no failure', async (address) => {
    const { locate, close, problems } = await placesOf(await write(mmdbOf({ '203.0.113.0/24': MOSCOW })));
    expect(locate(address)).toBeNull();
    expect(problems).toEqual([]);
    close();
  });

  it('are not looked up for IPv6 where the database has IPv4 only', async () => {
    // 2001:0db8 would be 32.1.13.184.
    const { locate, close } = await placesOf(await write(mmdbOf({ '32.1.13.0/24': MOSCOW }, 4)));
    expect(locate('2001:db8::1')).toBeNull();
    expect(locate('32.1.13.184')).toEqual({ country: 'RU', city: 'Moscow' });
    close();
  });

  it('are unknown without a database', async () => {
    const { locate, close } = await placesOf(undefined);
    expect(locate('203.0.113.7')).toBeNull();
    close();
  });

  it('are unknown where the database is damaged, and that is told', async () => {
    const database = mmdbOf({ '203.0.113.0/24': MOSCOW });
    // The data is a map that has itself for a key.
    database.fill(0xff, database.indexOf(Buffer.alloc(16)) + 16, database.indexOf('Moscow'));
    const { locate, close, problems } = await placesOf(await write(database));
    expect(locate('203.0.113.7')).toBeNull();
    expect(problems).toHaveLength(1);
    close();
  });
});

describe('A database that cannot be read', () => {
  it.each([
    ['is missing', null],
    ['is something else', Buffer.from('country,city\n')],
    ['is empty', Buffer.alloc(0)],
    ['is cut off', mmdbOf({ '203.0.113.0/24': MOSCOW }).subarray(0, 400)],
    ['is still packed', gzipSync(mmdbOf({ '203.0.113.0/24': MOSCOW }))],
  ])('stops the start when it %s, and the setting is named', async (_what, content) => {
    const file = content === null ? path.join(directory, 'missing.mmdb') : await write(content);
    const failure = await placesOf(file).catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(StartProblem);
    expect((failure as Error).message).toContain(`GEOIP_DATABASE (${file}) cannot be read`);
  });
});

describe('A database that is replaced', () => {
  it('is taken when it can be read, and until then the one before goes on', async () => {
    const file = await write(mmdbOf({ '203.0.113.0/24': MOSCOW }));
    const { locate, close, problems } = await placesOf(file);

    await writeFile(file, 'half of a');
    await vi.waitUntil(() => problems.length > 0, PATIENCE);
    expect(locate('203.0.113.7')).toEqual({ country: 'RU', city: 'Moscow' });

    await rename(await write(mmdbOf({ '203.0.113.0/24': ALMATY })), file);
    await vi.waitUntil(() => locate('203.0.113.7')?.city === 'Almaty', PATIENCE);
    expect(locate('203.0.113.7')).toEqual({ country: 'KZ', city: 'Almaty' });
    close();
  });
});
