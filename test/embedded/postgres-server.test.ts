import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Client } from 'pg';
import { describe, expect, test, vi } from 'vitest';
import { ensureDataDirectory } from '../../src/embedded/data-directory.ts';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { findLaunch } from '../../src/embedded/launcher.ts';
import { clusterNameOf } from '../../src/embedded/leftover-postgres.ts';
import { chooseOsUser } from '../../src/embedded/os-user.ts';
import { type PostgresBinaries, findPostgresBinaries } from '../../src/embedded/postgres-binaries.ts';
import { type StartPostgresOptions, startPostgresServer } from '../../src/embedded/postgres-server.ts';
import { openServerLog } from '../../src/embedded/server-log.ts';
import { StartProblem } from '../../src/errors/start-problem.ts';
import { firstLine, isRunning, killed, query, scratchForEachTest, until } from './scratch.ts';

const PASSWORD = 'a password, with / and ?';
const scratch = scratchForEachTest();
/** Several starts each, some with waits of many seconds in them, on a machine that may be busy. */
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

function optionsIn(directory: string): StartPostgresOptions {
  return { dataDir: join(directory, 'data'), superuserPassword: PASSWORD, logFile: join(directory, 'postgres.log') };
}

async function start(options: StartPostgresOptions) {
  const server = await startPostgresServer(options);
  scratch.afterTest(() => server.stop());
  return server;
}

/** A server in a process that can be killed. */
async function startElsewhere(options: StartPostgresOptions) {
  const child = scratch.run('start-server-process.ts', [options.dataDir, PASSWORD, options.logFile]);
  const { pid, url } = JSON.parse(await firstLine(child)) as { pid: number; url: string };
  return { child, pid, url };
}

function problem(messagePart: string | RegExp) {
  return expect.objectContaining({ name: 'StartProblem', message: expect.stringMatching(messagePart) as string });
}

describe('an embedded PostgreSQL', () => {
  test('is PostgreSQL 18 on 127.0.0.1 with checksums, UTF-8 and scram, and nothing else', async () => {
    const server = await start(optionsIn(scratch.directory()));
    const rows = await query(
      server.connectionString('postgres'),
      `select current_setting('server_version_num')::int / 10000 as major,
              current_setting('listen_addresses') as listen_addresses,
              current_setting('unix_socket_directories') as unix_socket_directories,
              current_setting('data_checksums') as data_checksums,
              current_setting('fsync') as fsync,
              (select array_agg(distinct auth_method) from pg_hba_file_rules) as auth_methods,
              (select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres') as scram,
              (select concat_ws(' ', pg_encoding_to_char(encoding), datlocprovider, datlocale)
                 from pg_database where datname = 'postgres') as locale`,
    );
    expect(rows).toEqual([
      {
        major: 18,
        listen_addresses: '127.0.0.1',
        unix_socket_directories: '',
        data_checksums: 'on',
        fsync: 'on',
        auth_methods: ['scram-sha-256'],
        scram: true,
        locale: 'UTF8 b C.UTF-8',
      },
    ]);
  });

  test('keeps its data from one start to the next, and stop() may be called twice', async () => {
    const options = optionsIn(scratch.directory());
    const first = await start(options);
    await query(first.connectionString('postgres'), 'create table kept as select 7 as number');
    await Promise.all([first.stop(), first.stop()]);
    expect(await isRunning(first.pid)).toBe(false);
    await first.stop();

    const second = await start(options);
    expect(await query(second.connectionString('postgres'), 'select number from kept')).toEqual([{ number: 7 }]);
  });

  test('lets another role in with a password that needs quoting', async () => {
    const server = await start(optionsIn(scratch.directory()));
    await query(server.connectionString('postgres'), `create role "a b@c" login password 'p/w?%'`);
    const url = server.connectionString('postgres', { user: 'a b@c', password: 'p/w?%' });
    expect(await query(url, 'select current_user as name')).toEqual([{ name: 'a b@c' }]);
  });

  test('does not run as root', async () => {
    const server = await start(optionsIn(scratch.directory()));
    expect(statSync(`/proc/${server.pid}`).uid).not.toBe(0);
  });

  test('applies settings, but not to where it listens', async () => {
    const settings = { max_connections: '17', listen_addresses: '*' };
    const server = await start({ ...optionsIn(scratch.directory()), settings });
    const rows = await query(
      server.connectionString('postgres'),
      `select current_setting('max_connections') as max, current_setting('listen_addresses') as listen`,
    );
    expect(rows).toEqual([{ max: '17', listen: '127.0.0.1' }]);
  });

  test('reports its end when nobody asked for it, with the end of the log, and stays silent when asked', async () => {
    const options = optionsIn(scratch.directory());
    const hurt = await start(options);
    process.kill(hurt.pid, 'SIGQUIT');
    expect(await hurt.exited).toMatchObject({
      code: 0,
      lastLogLines: expect.stringContaining('immediate shutdown') as string,
    });
    await hurt.stop();

    const asked = await start(options);
    const answer = asked.exited.then(() => 'exited');
    await asked.stop();
    expect(await Promise.race([answer, sleep(200, 'silence')])).toBe('silence');
  });

  test('is in a session of its own, out of reach of Ctrl-C', async () => {
    const server = await start(optionsIn(scratch.directory()));
    const sessionOf = (pid: number) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[3];
    expect(sessionOf(server.pid)).toBe(String(server.pid));
  });
});

describe('a data directory', () => {
  test('with other files in it is refused and left alone', async () => {
    const options = optionsIn(scratch.directory());
    mkdirSync(options.dataDir);
    writeFileSync(join(options.dataDir, 'diary.txt'), 'dear diary');
    await expect(startPostgresServer(options)).rejects.toEqual(problem('is not a PostgreSQL data directory'));
    expect(readdirSync(options.dataDir)).toEqual(['diary.txt']);
  });

  test('of another major version is refused', async () => {
    const options = optionsIn(scratch.directory());
    mkdirSync(options.dataDir);
    writeFileSync(join(options.dataDir, 'PG_VERSION'), '17\n');
    await expect(startPostgresServer(options)).rejects.toEqual(problem('made by PostgreSQL 17'));
  });

  test('that exists and is empty is used', async () => {
    const options = optionsIn(scratch.directory());
    mkdirSync(options.dataDir);
    const server = await start(options);
    expect(await query(server.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });

  test('is whole or not there when initdb is killed at any moment', async () => {
    const options = optionsIn(scratch.directory());
    const unfinished = () =>
      readdirSync(dirname(options.dataDir)).filter((name) => name.startsWith('data.unfinished-'));
    for (const delayMs of [0, 30, 90, 180, 270]) {
      const child = scratch.run('start-server-process.ts', [options.dataDir, PASSWORD, options.logFile]);
      await until(() => unfinished().length > 0);
      await sleep(delayMs);
      await killed(child);
      if (existsSync(options.dataDir)) break; // this machine is fast: initdb was through
    }
    // The worst that can be left: something that looks like a cluster at the first glance.
    mkdirSync(`${options.dataDir}.unfinished-abcdef/data`, { recursive: true });
    writeFileSync(`${options.dataDir}.unfinished-abcdef/data/PG_VERSION`, '18\n');

    const server = await start(options);
    expect(await query(server.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
    expect(unfinished()).toEqual([]);
  });

  test('is not made when initdb fails, and the problem says what initdb said', async () => {
    const directory = scratch.directory();
    const dataDir = join(directory, 'data');
    const initdb = join(directory, 'initdb');
    writeFileSync(initdb, '#!/bin/sh\necho "initdb: error: the moon is full"\nexit 1\n', { mode: 0o755 });
    const making = makeDataDirectory(dataDir, { postgres: initdb, initdb });
    await expect(making).rejects.toEqual(problem(/could not create .*the moon is full/s));
    expect(readdirSync(directory).sort()).toEqual(['initdb', 'log']);
  });

  test('with a password other than the stored one is a problem that says so, and no server stays', async () => {
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    await expect(startPostgresServer({ ...options, superuserPassword: 'other' })).rejects.toEqual(
      problem('do not belong together'),
    );
    expect(existsSync(join(options.dataDir, 'postmaster.pid'))).toBe(false);
  });

  test('below a file is a problem, not a stack', async () => {
    const directory = scratch.directory();
    writeFileSync(join(directory, 'file'), '');
    const options = { ...optionsIn(directory), dataDir: join(directory, 'file', 'data') };
    await expect(startPostgresServer(options)).rejects.toBeInstanceOf(StartProblem);
  });
});

describe('what goes wrong while starting', () => {
  test('is told with the last lines of the log', async () => {
    const options = { ...optionsIn(scratch.directory()), settings: { shared_buffers: 'a lot' } };
    await expect(startPostgresServer(options)).rejects.toEqual(problem(/invalid value for parameter "shared_buffers"/));
  });

  test('a port in use is told as such', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    scratch.afterTest(() => server.close());
    await once(server, 'listening');
    const { port } = server.address() as { port: number };
    await expect(startPostgresServer({ ...optionsIn(scratch.directory()), port })).rejects.toEqual(
      problem(`Port ${port} on 127.0.0.1 is in use`),
    );
  });
});

describe('after kill -9', () => {
  test('of the process that started it, a committed row is still there; five times', async () => {
    const options = optionsIn(scratch.directory());
    for (let round = 1; round <= 5; round++) {
      const { child, url } = await startElsewhere(options);
      await query(url, 'create table if not exists rounds (round int)');
      await query(url, `insert into rounds values (${round})`);
      await killed(child);
    }
    const server = await start(options);
    expect(await query(server.connectionString('postgres'), 'select round from rounds order by 1')).toEqual(
      [1, 2, 3, 4, 5].map((round) => ({ round })),
    );
  });

  test.runIf(process.platform === 'linux')('no server stays behind, even if nothing is started again', async () => {
    const { child, pid } = await startElsewhere(optionsIn(scratch.directory()));
    await killed(child);
    await until(async () => !(await isRunning(pid)));
  });

  test('of starter and postmaster at once, a committed row is still there', async () => {
    const options = optionsIn(scratch.directory());
    const { child, pid, url } = await startElsewhere(options);
    await query(url, 'create table kept as select 7 as number');
    process.kill(pid, 'SIGKILL');
    await killed(child);
    const server = await start(options);
    expect(await query(server.connectionString('postgres'), 'select number from kept')).toEqual([{ number: 7 }]);
  });

  test.each([{ by: 'us' }, { by: 'hand' }])('a server started by $by that still runs is stopped', async ({ by }) => {
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    const { postgres } = await findPostgresBinaries();
    const user = await chooseOsUser({ dataDir: options.dataDir, onProgress: () => undefined });
    const launch = await findLaunch({ user, executable: postgres, directory: dirname(options.dataDir) });
    const name = by === 'us' ? ['-c', `cluster_name=${await clusterNameOf(options.dataDir)}`] : [];
    const where = ['-c', 'unix_socket_directories=', '-c', `port=${await findFreePort()}`];
    const orphan = launch(postgres, ['-D', options.dataDir, ...name, ...where], {
      output: openSync(options.logFile, 'a'),
      whenParentDies: 'SIGCONT', // harmless
    });
    scratch.afterTest(() => killed(orphan));
    await until(() => readFileIfThere(join(options.dataDir, 'postmaster.pid')).includes('ready'));

    const told: string[] = [];
    const server = await start({ ...options, onProgress: (message) => told.push(message) });
    expect(told).toEqual([`Stopping the PostgreSQL that an earlier run left behind (pid ${orphan.pid}).`]);
    expect(server.pid).not.toBe(orphan.pid);
    expect(orphan.exitCode).toBe(0);
  });

  test('of the postmaster, a backend that does not notice is stopped', async () => {
    const options = optionsIn(scratch.directory());
    const { child, pid, url } = await startElsewhere(options);
    const client = new Client({ connectionString: url });
    client.on('error', () => undefined);
    await client.connect();
    scratch.afterTest(() => client.end().catch(() => undefined));
    const { rows } = await client.query<{ pid: number }>('select pg_backend_pid() as pid');
    const backend = rows[0]?.pid ?? 0;
    process.kill(backend, 'SIGSTOP');
    scratch.afterTest(async () => {
      if (await isRunning(backend)) process.kill(backend, 'SIGKILL');
    });
    process.kill(pid, 'SIGKILL');
    await killed(child);
    expect(await isRunning(backend)).toBe(true);

    const server = await start(options);
    expect(await isRunning(backend)).toBe(false);
    expect(await query(server.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe('a postmaster.pid', () => {
  test('of no process is no problem', async () => {
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    const gone = spawn('true');
    await once(gone, 'exit');
    leavePidFile(options.dataDir, gone.pid ?? 0);
    await start(options);
  });

  test('whose pid is another process now is no problem, and that process is not touched', async () => {
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    // As the user of the server: PostgreSQL takes a process it may signal for a living postmaster.
    const { uid, gid } = statSync(options.dataDir);
    const bystander = spawn('sleep', ['600'], { uid, gid });
    scratch.afterTest(() => killed(bystander));
    leavePidFile(options.dataDir, bystander.pid ?? 0);
    await start(options);
    expect(bystander.exitCode ?? bystander.signalCode).toBeNull();
  });

  test('that names the PostgreSQL of another data directory does not stop that one', async () => {
    const other = await start(optionsIn(scratch.directory()));
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    leavePidFile(options.dataDir, other.pid);
    await start(options);
    expect(await query(other.connectionString('postgres'), 'select 1 as one')).toEqual([{ one: 1 }]);
  });
});

describe.runIf(process.geteuid?.() === 0)('as root', () => {
  test('everything may lie in a directory that only root can enter, programs included', async () => {
    const closed = scratch.directory();
    expect(statSync(closed).mode & 0o777).toBe(0o700);
    const { postgres } = await findPostgresBinaries();
    cpSync(dirname(dirname(postgres)), join(closed, 'native'), { recursive: true, verbatimSymlinks: true });
    const programs = join(closed, 'native', 'bin');
    const dataDir = join(closed, 'data');
    await makeDataDirectory(dataDir, { postgres: join(programs, 'postgres'), initdb: join(programs, 'initdb') });

    expect(readFileSync(join(dataDir, 'PG_VERSION'), 'utf8')).toBe('18\n');
    expect(statSync(closed).mode & 0o777).toBe(0o700);
  });

  test('the server runs as the owner of the data directory that is there', async () => {
    const options = optionsIn(scratch.directory());
    await (await start(options)).stop();
    execFileSync('chown', ['-R', 'nobody', options.dataDir]);
    const server = await start(options);
    expect(statSync(`/proc/${server.pid}`).uid).toBe(statSync(options.dataDir).uid);
  });

  test('a way that nobody can go is one clear problem', async () => {
    const user = { name: 'postgres', uid: 1, gid: 1 };
    await expect(findLaunch({ user, executable: '/etc/shadow', directory: '/' })).rejects.toEqual(
      problem('must run as the user "postgres"'),
    );
  });
});

/** With other programs than those npm installed. */
async function makeDataDirectory(dataDir: string, { postgres, initdb }: PostgresBinaries): Promise<void> {
  const onProgress = () => undefined;
  const user = await chooseOsUser({ dataDir, onProgress });
  const launch = await findLaunch({ user, executable: postgres, directory: dirname(dataDir) });
  const log = openServerLog(join(dirname(dataDir), 'log'));
  scratch.afterTest(() => {
    log.close();
  });
  const durable = false;
  await ensureDataDirectory({ dataDir, superuserPassword: PASSWORD, initdb, launch, user, log, durable, onProgress });
}

function leavePidFile(dataDir: string, pid: number): void {
  writeFileSync(
    join(dataDir, 'postmaster.pid'),
    `${pid}\n${dataDir}\n1700000000\n5432\n\n127.0.0.1\n  1234567   1\nready   \n`,
  );
}

function readFileIfThere(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}
