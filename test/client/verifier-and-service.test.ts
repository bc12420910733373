import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { VerificationUnavailableError, createTokenVerifier } from '../../src/client/client.ts';
import type { TokenVerifier, TokenVerifierOptions } from '../../src/client/client.ts';
import { accessTokens } from '../support/access-tokens.ts';
import { bearer, register } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { signInAs } from '../support/staff.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import type { TcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let other: TestService;
let proxy: TcpProxy;
beforeAll(async () => {
  database = await createTestDatabase();
  const settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  service = await startService(settings);
  other = await startService(settings);
  proxy = await startTcpProxy({ host: '127.0.0.1', port: service.port });
});
afterAll(async () => {
  await proxy?.stop();
  await Promise.all([service?.stop(), other?.stop()]);
  await database?.drop();
});

const opened: TokenVerifier[] = [];
afterEach(async () => {
  await Promise.all(opened.splice(0).map((verifier) => verifier.close()));
});

function open(options: Partial<TokenVerifierOptions> = {}): TokenVerifier {
  const verifier = createTokenVerifier({ address: service.address, ...options });
  opened.push(verifier);
  return verifier;
}
const throughProxy = () => ({ address: `127.0.0.1:${proxy.port}` });

/** `live`, the reason of a refusal, or `unavailable`. */
async function verdict(verifier: TokenVerifier, token: string): Promise<string> {
  try {
    const { principal, problem } = await verifier.verify(token);
    return principal ? 'live' : problem.reason;
  } catch (error) {
    if (error instanceof VerificationUnavailableError) return 'unavailable';
    throw error;
  }
}

describe('A verifier of the real service', () => {
  it('says of a token what ValidateToken says', async () => {
    const verifier = open();
    await verifier.ready();
    const { userId, tokens } = await register(service);
    const { result } = await service.auth.validateToken({ accessToken: tokens.accessToken });
    const { principal } = await verifier.verify(tokens.accessToken);
    if (result?.$case !== 'principal') throw new Error('The token is not live.');
    const { issueTime, expireTime, ...said } = result.value;
    expect(principal).toMatchObject({ ...said, issuedAt: issueTime?.getTime(), expiresAt: expireTime?.getTime() });
    expect(principal?.userId).toBe(userId);
  });

  it('answers with the roles of now, for tokens that say others, on two replicas', async () => {
    const verifiers = [service, other].map(({ address }) => open({ address }));
    await Promise.all(verifiers.map((verifier) => verifier.ready()));
    const { tokens: granter } = await signInAs(service, database, 'superadmin');
    for (let round = 0; round < 10; round++) {
      const { userId, tokens } = await register(service);
      const asked = { userId, role: 'support' };
      const rolesAfter = async (revision: number) => {
        for (const verifier of verifiers) {
          await vi.waitFor(() => expect(verifier.revision()).toBeGreaterThanOrEqual(revision), 3000);
        }
        const said = await Promise.all(verifiers.map(async (verifier) => await verifier.verify(tokens.accessToken)));
        return said.map(({ principal }) => principal?.roles);
      };
      const granted = await service.roles.grantRole(asked, bearer(granter.accessToken));
      expect(await rolesAfter(granted.revision)).toEqual(verifiers.map(() => ['customer', 'support']));
      const revoked = await other.roles.revokeRole(asked, bearer(granter.accessToken));
      expect(await rolesAfter(revoked.revision)).toEqual(verifiers.map(() => ['customer']));
    }
  });

  it('refuses after a logout, as do four more on two replicas', async () => {
    const verifiers = [service, service, other, other, other].map(({ address }) => open({ address }));
    await Promise.all(verifiers.map((verifier) => verifier.ready()));
    const tokens = await accessTokens(service, database, 20);
    for (const token of tokens) {
      expect(await Promise.all(verifiers.map((verifier) => verdict(verifier, token)))).toEqual(
        verifiers.map(() => 'live'),
      );
    }
    for (const [index, token] of tokens.entries()) {
      const { revision } = await [service, other][index % 2]!.auth.logout({}, bearer(token));
      await Promise.all(
        verifiers.map((verifier) =>
          vi.waitFor(() => expect(verifier.revision()).toBeGreaterThanOrEqual(revision), 3000),
        ),
      );
      for (const verifier of verifiers) expect(await verdict(verifier, token)).toBe('TOKEN_REVOKED');
    }
    for (const verifier of verifiers) expect(verifier.age()).toBeLessThan(3000);
  });

  it('with a frozen network refuses after maxStaleness, or flags, and goes on when it thaws', async () => {
    const maxStaleness = 1500;
    const refusing = open({ ...throughProxy(), maxStaleness });
    const flagging = open({ ...throughProxy(), maxStaleness, whenStale: 'flag' });
    await Promise.all([refusing.ready(), flagging.ready()]);
    const [live = '', ended = ''] = await accessTokens(service, database, 2);
    expect(await verdict(refusing, live)).toBe('live');

    proxy.stall();
    await service.auth.logout({}, bearer(ended));
    await vi.waitFor(() => expect(refusing.age()).toBeGreaterThan(maxStaleness), { timeout: 10_000 });
    expect(await verdict(refusing, live)).toBe('unavailable');
    expect(await verdict(refusing, ended)).toBe('unavailable');
    await vi.waitFor(() => expect(flagging.age()).toBeGreaterThan(maxStaleness), { timeout: 10_000 });
    expect(await flagging.verify(live)).toMatchObject({ isStale: true, principal: { roles: ['customer'] } });

    await proxy.restore();
    await Promise.all([refusing.ready(AbortSignal.timeout(20_000)), flagging.ready(AbortSignal.timeout(20_000))]);
    expect(await verdict(refusing, live)).toBe('live');
    expect(await verdict(refusing, ended)).toBe('TOKEN_REVOKED');
    expect(await flagging.verify(live)).toMatchObject({ isStale: false });
  });

  it('that is started while the server is away becomes ready when it comes', async () => {
    await proxy.cut();
    const verifier = open(throughProxy());
    const [token = ''] = await accessTokens(service, database, 1);
    expect(await verdict(verifier, token)).toBe('unavailable');
    await proxy.restore();
    await verifier.ready(AbortSignal.timeout(20_000));
    expect(await verdict(verifier, token)).toBe('live');
  });

  it('outlives a restart of the server, without a wrong word in between', async () => {
    const settings = { DATABASE_URL: database.serviceUrl };
    let restarted = await startService(settings);
    const { port } = restarted;
    try {
      const verifier = open({ address: `127.0.0.1:${port}` });
      await verifier.ready();
      const [live = '', ended = ''] = await accessTokens(service, database, 2);
      await restarted.stop();
      await service.auth.logout({}, bearer(ended));
      const { revision } = await service.auth.validateToken({ accessToken: live });
      const saidOfLive = new Set<string>();
      const restarting = startService({ ...settings, LISTEN_ADDRESS: `127.0.0.1:${port}` });
      await vi.waitFor(
        async () => {
          saidOfLive.add(await verdict(verifier, live));
          expect(verifier.revision()).toBeGreaterThanOrEqual(revision);
        },
        { timeout: 20_000, interval: 20 },
      );
      restarted = await restarting;
      expect([...saidOfLive].filter((word) => !['live', 'unavailable'].includes(word))).toEqual([]);
      expect(await verdict(verifier, ended)).toBe('TOKEN_REVOKED');
      await verifier.ready();
      expect(await verdict(verifier, live)).toBe('live');
    } finally {
      await restarted.stop();
    }
  });

  it('gives its connection back when it is closed', async () => {
    const connections = new Set<Socket>();
    const relay = createServer((near) => {
      const far = connect(service.port, '127.0.0.1');
      connections.add(near);
      near.on('close', () => {
        connections.delete(near);
        far.destroy();
      });
      for (const socket of [near, far]) socket.on('error', () => undefined);
      near.pipe(far).pipe(near);
    });
    relay.listen(0, '127.0.0.1');
    await once(relay, 'listening');
    const verifier = open({ address: `127.0.0.1:${(relay.address() as AddressInfo).port}` });
    await verifier.ready();
    expect(connections.size).toBe(1);
    await verifier.close();
    await vi.waitFor(() => expect(connections.size).toBe(0), 10_000);
    relay.close();
  });

  it('leaves nothing behind that keeps a process alive when it is closed', async () => {
    const script = fileURLToPath(new URL('support/verify-and-close-process.ts', import.meta.url));
    const [token = ''] = await accessTokens(service, database, 1);
    const args = ['--disable-warning=ExperimentalWarning', script, service.address, token];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    const output = child.stdout.toArray();
    const timer = setTimeout(() => child.kill('SIGKILL'), 30_000);
    const [code] = await once(child, 'exit');
    clearTimeout(timer);
    expect({ code, output: Buffer.concat(await output).toString() }).toEqual({ code: 0, output: 'live live closed' });
  });
});
