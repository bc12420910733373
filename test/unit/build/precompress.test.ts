import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { build } from 'vite';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { precompress } from '../../../build/page/precompress.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'auth-page-'));
  writeFileSync(path.join(folder, 'index.html'), '<script type="module" src="./main.js"></script>');
  writeFileSync(path.join(folder, 'main.js'), `document.title = ${JSON.stringify('a title '.repeat(100))};`);
});
afterAll(() => rmSync(folder, { recursive: true }));

const buildWith = (limit: number) =>
  build({ root: folder, configFile: false, logLevel: 'silent', plugins: [precompress(limit)] });

it('Every file of the page lies beside its compressed forms', async () => {
  await buildWith(10_000);
  const out = path.join(folder, 'dist');
  const names = readdirSync(out, { recursive: true, encoding: 'utf8' }).filter((name) => /\.\w+$/.test(name));
  const plain = names.filter((name) => !/\.(br|gz)$/.test(name));
  expect(plain).toHaveLength(2);
  for (const name of plain) {
    const bytes = readFileSync(path.join(out, name));
    expect(brotliDecompressSync(readFileSync(path.join(out, `${name}.br`))).equals(bytes)).toBe(true);
    expect(gunzipSync(readFileSync(path.join(out, `${name}.gz`))).equals(bytes)).toBe(true);
  }
});

it('A page that has grown too large is not built', async () => {
  await expect(buildWith(100)).rejects.toThrow(/The page has \d+ bytes in brotli; it may have 100\./);
});
