import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { postgresProcessesOf, runMain } from '../support/npm-start.ts';
import type { Started } from '../support/npm-start.ts';
import { PASSWORD, newPerson } from '../support/people.ts';
import { connectClients } from '../support/service.ts';

/** One directory, started again and again, as on somebody's machine. */
describe('npm start', () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-npm-start-'));
  const runs: Started[] = [];
  /** Everybody whose registration was answered. */
  const registered: string[] = [];

  function start(environment: Record<string, string> = {}): Started {
    const run = runMain(directory, environment);
    runs.push(run);
    return run;
  }
  async function killAll(run: Started): Promise<void> {
    const pids = await postgresProcessesOf(directory);
    run.signal('SIGKILL');
    for (const pid of pids) {
      try {
        process.kill(pid, 'SIGKILL');
      } catch {
        // Ended with the rest.
      }
    }
    await run.ended();
  }
  afterEach(async () => {
    for (const run of runs.splice(0)) {
      run.signal('SIGINT');
      await run.ended();
    }
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }));

  async function withClients<T>(address: string, work: (clients: ReturnType<typeof connectClients>) => Promise<T>) {
    const clients = connectClients(address);
    try {
      return await work(clients);
    } finally {
      clients.close();
    }
  }
  async function registerSomebody(address: string): Promise<void> {
    const person = newPerson();
    await withClients(address, ({ auth }) => auth.register(person));
    registered.push(person.secondLogin);
  }
  async function expectEverybodyToLogIn(address: string): Promise<void> {
    await withClients(address, async ({ auth }) => {
      for (const login of registered) {
        expect((await auth.login({ login, password: PASSWORD })).tokens).toBeDefined();
      }
    });
  }
  /** Ends by itself with status 1 and something for people to read. */
  async function refusal(run: Started): Promise<string> {
    const { code, errors } = await run.ended();
    expect(code).toBe(1);
    expect(errors).not.toMatch(/^\s+at /m);
    return errors.trim();
  }

  it('serves in an empty directory, shows what it does and what to try, and ends whole on Ctrl-C', async () => {
    const run = start();
    const address = await run.serving();
    await registerSomebody(address);

    expect(run.output()).toMatch(/^\[ *\d+\.\d s\] Starting PostgreSQL/m);
    expect(run.output()).toMatch(/^\[ *\d+\.\d s\] Applied \d+ migrations and \d+ functions/m);
    expect(run.output()).toContain('npm run call -- Register');
    expect(run.output()).toContain(`grpcurl -plaintext ${address} list`);
    expect(run.errors()).toBe('');
    expect(statSync(path.join(directory, '.data', 'secrets.json')).mode & 0o777).toBe(0o600);

    expect(await postgresProcessesOf(directory)).not.toEqual([]);
    run.signal('SIGINT');
    expect(await run.ended()).toMatchObject({ code: 0, errors: '' });
    expect(await postgresProcessesOf(directory)).toEqual([]);
  });

  it('keeps the data; kill -9 of everything right after an answer loses nothing', async () => {
    const run = start();
    const address = await run.serving();
    expect(run.output()).toContain('Applied 0 migrations and 0 functions');
    await expectEverybodyToLogIn(address);
    await registerSomebody(address);
    await killAll(run);
    expect(await postgresProcessesOf(directory)).toEqual([]);

    const next = start();
    await expectEverybodyToLogIn(await next.serving());
  });

  it('starts again after kill -9 of the program alone, whatever it has left', async () => {
    const run = start();
    await registerSomebody(await run.serving());
    run.signal('SIGKILL');
    await run.ended();

    const next = start();
    await expectEverybodyToLogIn(await next.serving());
    next.signal('SIGTERM');
    expect((await next.ended()).code).toBe(0);
    expect(await postgresProcessesOf(directory)).toEqual([]);
  });

  it('refuses a second instance on the same data and leaves the first alone', async () => {
    const run = start();
    const address = await run.serving();
    expect(await refusal(start())).toBe(`Another instance (pid ${run.pid}) already runs on .data; stop it first.`);
    await expectEverybodyToLogIn(address);
  });

  it('serves browsers as it says: the curl line that it prints, the keys, and the account page', async () => {
    const run = start();
    await registerSomebody(await run.serving());
    const url = /Serving browsers on (http:\/\/localhost:\d+)$/m.exec(run.output())?.[1] ?? '';
    const line = /^ {2}curl -H '(.+): (.+)' -d '(.+)' (\S+)$/m.exec(run.output());
    const [, header = '', value = '', body = '', address = ''] = line ?? [];
    expect(address).toBe(`${url}/auth.v1.AuthService/Login`);
    const login = body.replace('ada', registered.at(-1) ?? '').replace('correct horse battery', PASSWORD);
    const answer = await fetch(address, { method: 'POST', headers: { [header]: value }, body: login });
    expect(await answer.json()).toMatchObject({ tokens: { accessToken: expect.any(String) } });

    const keys: unknown = await (await fetch(`${url}/.well-known/jwks.json`)).json();
    expect(keys).toMatchObject({ keys: [{ use: 'sig' }] });
    const page = await fetch(url);
    expect(page.headers.get('content-type')).toContain('text/html');
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
  });

  it('serves no browsers where it is told so', async () => {
    const run = start({ GATEWAY_ADDRESS: 'off' });
    await run.serving();
    expect(run.output()).not.toMatch(/browser|curl -H/);
  });

  it('says so when PostgreSQL ends under it, and ends too', async () => {
    const run = start();
    await run.serving();
    const [postmaster = 0] = await postgresProcessesOf(directory);
    process.kill(postmaster, 'SIGKILL');
    const { output } = await run.ended();
    expect(output).toContain('PostgreSQL has ended by itself');
    expect(await postgresProcessesOf(directory)).toEqual([]);
  });

  describe('does not start and says why', () => {
    let busy: ReturnType<typeof createServer>;
    let port: number;
    beforeAll(async () => {
      busy = createServer().listen(0, '127.0.0.1');
      await once(busy, 'listening');
      ({ port } = busy.address() as AddressInfo);
    });
    afterAll(() => void busy.close());

    it('when its port is in use', async () => {
      const said = await refusal(start({ LISTEN_ADDRESS: `127.0.0.1:${port}` }));
      expect(said).toMatch(new RegExp(`^Port ${port} is in use\\.`));
    });

    it('when the port for browsers is in use', async () => {
      const said = await refusal(start({ GATEWAY_ADDRESS: `127.0.0.1:${port}` }));
      expect(said).toMatch(new RegExp(`^Port ${port} is in use\\. .*GATEWAY_ADDRESS=`));
    });

    it('when a setting is wrong, and all of them at once', async () => {
      const said = await refusal(start({ BCRYPT_COST: '4', REVOCATION_LEASE: 'long' }));
      expect(said).toContain('BCRYPT_COST must be at least 10');
      expect(said).toContain('REVOCATION_LEASE must be a number with a unit');
    });

    it('when the secrets file is broken, which it leaves as it is', async () => {
      const file = path.join(directory, '.data', 'secrets.json');
      const secrets = readFileSync(file, 'utf8');
      writeFileSync(file, secrets.slice(0, -20));
      try {
        expect(await refusal(start())).toMatch(/secrets\.json is not valid JSON\./);
        expect(readFileSync(file, 'utf8')).toBe(secrets.slice(0, -20));
      } finally {
        writeFileSync(file, secrets);
      }
    });

    it('when the master key is not the one of the data, which stays usable with the right one', async () => {
      const said = await refusal(start({ MASTER_KEY: Buffer.alloc(32, 1).toString('base64') }));
      expect(said).toContain('MASTER_KEY is not the one');
      expect(await postgresProcessesOf(directory)).toEqual([]);
      await expectEverybodyToLogIn(await start().serving());
    });
  });
});
