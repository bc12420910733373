import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { acquireInstanceLock } from '../../src/embedded/instance-lock.ts';
import { firstLine, killed, scratchForEachTest } from './scratch.ts';

const scratch = scratchForEachTest();
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

test('of two starters at the same moment exactly one wins, twenty times', async () => {
  for (let round = 1; round <= 20; round++) {
    const directory = join(scratch.directory(), 'data');
    const at = String(Date.now() + 250); // both are up and wait for it
    const starters = [1, 2].map(() => scratch.run('acquire-lock-process.ts', [directory, at]));
    const answers = await Promise.all(starters.map(firstLine));
    await Promise.all(starters.map(killed));

    const winner = starters[answers.indexOf('won')];
    expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
    expect(answers.find((answer) => answer !== 'won')).toBe(
      `lost: Another instance (pid ${winner?.pid}) already runs on ${directory}; stop it first.`,
    );
  }
});

test('a killed holder leaves nothing that stands in the way', async () => {
  const directory = scratch.directory();
  const holder = scratch.run('acquire-lock-process.ts', [directory]);
  expect(await firstLine(holder)).toBe('won');
  await expect(acquireInstanceLock(directory)).rejects.toMatchObject({ name: 'StartProblem' });
  await killed(holder);

  const lock = await acquireInstanceLock(directory);
  await lock.release();
});

test('of two that take over from a killed holder exactly one wins, five times', async () => {
  const directory = scratch.directory();
  for (let round = 1; round <= 5; round++) {
    const at = String(Date.now() + 250);
    const starters = [1, 2].map(() => scratch.run('acquire-lock-process.ts', [directory, at]));
    const answers = await Promise.all(starters.map(firstLine));
    await Promise.all(starters.map(killed));
    expect(answers.filter((answer) => answer === 'won')).toHaveLength(1);
  }
});

test('a recorded pid that is another process now stands in nobody’s way', async () => {
  const directory = scratch.directory();
  const bystander = spawn('sleep', ['600']);
  scratch.afterTest(() => killed(bystander));
  writeFileSync(join(directory, 'instance.pid'), `${bystander.pid}\n`);
  await (await acquireInstanceLock(directory)).release();
});

test('it is free after release, which may be called twice, and leaves no pid', async () => {
  const directory = scratch.directory();
  const first = await acquireInstanceLock(directory);
  await expect(acquireInstanceLock(directory)).rejects.toMatchObject({
    message: expect.stringContaining(`(pid ${process.pid})`) as string,
  });
  await first.release();
  await first.release();
  expect(existsSync(join(directory, 'instance.pid'))).toBe(false);
  await (await acquireInstanceLock(directory)).release();
});

test('a lock file that is something else is a problem, not a stack', async () => {
  const directory = scratch.directory();
  mkdirSync(join(directory, 'instance.lock'));
  await expect(acquireInstanceLock(directory)).rejects.toMatchObject({
    name: 'StartProblem',
    message: expect.stringContaining('cannot be used as a lock') as string,
  });
});
