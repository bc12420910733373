import { chmodSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { type EmbeddedSecrets, loadOrCreateSecrets } from '../../src/embedded/secrets-file.ts';
import { scratchForEachTest } from './scratch.ts';

const scratch = scratchForEachTest();
const newFile = () => join(scratch.directory(), 'deep', 'secrets.json');

async function refusal(file: string): Promise<string> {
  const before = readFileSync(file, 'utf8');
  const error: unknown = await loadOrCreateSecrets(file).catch((reason: unknown) => reason);
  expect(error).toMatchObject({ name: 'StartProblem' });
  expect(readFileSync(file, 'utf8')).toBe(before);
  return (error as Error).message;
}

test('secrets are made once, in a file for its owner only', async () => {
  const file = newFile();
  const made = await loadOrCreateSecrets(file);
  expect(Buffer.from(made.masterKey, 'base64')).toHaveLength(32);
  for (const password of [made.superuserPassword, made.ownerPassword, made.servicePassword]) {
    expect(password).toMatch(/^[\w-]{32}$/);
  }
  expect(new Set(Object.values(made)).size).toBe(4);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(dirname(file))).toEqual(['secrets.json']);
  expect(await loadOrCreateSecrets(file)).toEqual(made);
});

test('many at the same moment get the same secrets', async () => {
  const file = newFile();
  const all = await Promise.all(Array.from({ length: 20 }, () => loadOrCreateSecrets(file)));
  expect(new Set(all.map((secrets) => JSON.stringify(secrets))).size).toBe(1);
});

test.each([0o640, 0o604, 0o660, 0o644])('a file with mode %o is refused', async (mode) => {
  const file = newFile();
  await loadOrCreateSecrets(file);
  chmodSync(file, mode);
  expect(await refusal(file)).toContain('chmod 600');
});

test('a file that is not JSON is refused, and its text is not told', async () => {
  const file = newFile();
  const { masterKey } = await loadOrCreateSecrets(file);
  writeFileSync(file, `{"masterKey": "${masterKey}"`);
  const message = await refusal(file);
  expect(message).toContain('is not valid JSON');
  expect(message).not.toContain(masterKey);
});

test('an empty file is refused', async () => {
  const file = newFile();
  await loadOrCreateSecrets(file);
  writeFileSync(file, '');
  expect(await refusal(file)).toContain('is not valid JSON');
});

test.each(['masterKey', 'superuserPassword', 'ownerPassword', 'servicePassword'] as const)(
  'a file without %s is refused',
  async (name) => {
    const file = newFile();
    const { [name]: _removed, ...rest }: EmbeddedSecrets = await loadOrCreateSecrets(file);
    writeFileSync(file, JSON.stringify(rest));
    expect(await refusal(file)).toContain(`has no "${name}"`);
  },
);

test.each(['null', '[]', '"text"', '7'])('a file that holds %s is refused', async (content) => {
  const file = newFile();
  await loadOrCreateSecrets(file);
  writeFileSync(file, content);
  expect(await refusal(file)).toContain('has no "masterKey"');
});

test('a master key of the wrong length is refused', async () => {
  const file = newFile();
  const secrets = await loadOrCreateSecrets(file);
  writeFileSync(file, JSON.stringify({ ...secrets, masterKey: 'c2hvcnQ=' }));
  expect(await refusal(file)).toContain('not 32 bytes');
});
