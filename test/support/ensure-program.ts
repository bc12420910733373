import { spawnSync } from 'node:child_process';
import { accessSync, constants, rmSync, statSync, writeFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';

/** dpkg asks this program before it starts a service; exit status 101 forbids it. */
const POLICY_FILE = '/usr/sbin/policy-rc.d';
const INSTALL_MS = 5 * 60_000;

type Program = {
  /** What it is called in the PATH; the first that is there is taken. */
  readonly names: readonly [string, ...string[]];
  /** Of Debian and Ubuntu. */
  readonly aptPackage: string;
  /** What the tests need, as a sentence goes on after it. */
  readonly need: string;
  /** Ways to install it by hand. */
  readonly ways: readonly string[];
};

/**
 * The path of a program, which is installed with apt-get where that is possible (as root on Debian and Ubuntu). The installed
 * one is not started as a service of the machine.
 *
 * Tests run against the real thing or they fail: where there is none and none can be installed, this throws one sentence
 * that says what to do. Blocks, up to five minutes while installing; call it before the tests.
 */
export function ensureProgram({ names, aptPackage, need, ways }: Program): string {
  const found = findFirst(names);
  if (found !== undefined) return found;

  const aptGet = findInPath('apt-get');
  if (aptGet === undefined || process.geteuid?.() !== 0) {
    const by = ways.map((way) => `"${way}"`).join(', ');
    throw new Error(`The tests need ${need} in PATH: install it (${by}) and run them again.`);
  }
  const failure = installWith(aptGet, aptPackage);
  const installed = findFirst(names);
  if (installed !== undefined) return installed;
  throw new Error(
    `The tests need ${need}, and apt-get could not install it; install it by hand. apt-get says: ${failure}`,
  );
}

function installWith(aptGet: string, aptPackage: string): string {
  const forbidsStart = forbidServiceStart();
  try {
    const waitForOthers = ['-o', 'DPkg::Lock::Timeout=120'];
    const update = runQuietly(aptGet, [...waitForOthers, 'update']);
    // A repository that cannot be reached need not be the one that has the program: install says more.
    const install = runQuietly(aptGet, [...waitForOthers, 'install', '-y', '--no-install-recommends', aptPackage]);
    return `${update}\n${install}`.trim();
  } finally {
    if (forbidsStart) rmSync(POLICY_FILE, { force: true });
  }
}

/** True when it is ours to undo. A policy that the machine has already is left to decide. */
function forbidServiceStart(): boolean {
  try {
    writeFileSync(POLICY_FILE, '#!/bin/sh\nexit 101\n', { mode: 0o755, flag: 'wx' });
    return true;
  } catch {
    return false;
  }
}

/** What it complains about; empty when it succeeds. */
function runQuietly(command: string, args: string[]): string {
  const result = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    timeout: INSTALL_MS,
  });
  return result.status === 0 ? '' : result.stderr || (result.error?.message ?? `exit status ${result.status}`);
}

function findFirst(names: readonly string[]): string | undefined {
  return names.map(findInPath).find((path) => path !== undefined);
}

function findInPath(name: string): string | undefined {
  return (process.env['PATH'] ?? '')
    .split(delimiter)
    .filter((directory) => directory !== '')
    .map((directory) => join(directory, name))
    .find(isExecutableFile);
}

function isExecutableFile(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
