import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createTokenVerifier } from '../../src/client/client.ts';
import { roleHolder } from '../support/delegation.ts';
import type { RoleHolder } from '../support/organisations.ts';
import { newPerson, tokensOf } from '../support/people.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { openSession } from '../support/sessions.ts';
import { startTcpProxy } from '../support/tcp-proxy.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

let database: TestDatabase;
let service: TestService;
let settings: { DATABASE_URL: string; REDIS_URL: string };
let superadmin: RoleHolder;
beforeAll(async () => {
  database = await createTestDatabase();
  settings = { DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') };
  service = await startService(settings);
  superadmin = await roleHolder(service, database, 'superadmin');
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const manager = ({ userId }: Pick<RoleHolder, 'userId'>) => ({ userId, role: 'manager' });
const grant = (user: Pick<RoleHolder, 'userId'>) => service.roles.grantRole(manager(user), superadmin.as);
const revoke = (user: Pick<RoleHolder, 'userId'>) => service.roles.revokeRole(manager(user), superadmin.as);

/** An access token of a session that begins now. */
async function newToken(userId: string): Promise<string> {
  const { refreshToken } = await openSession(database, userId);
  return tokensOf(await service.auth.refresh({ refreshToken })).accessToken;
}

async function rolesBy(replica: Pick<TestService, 'auth'>, accessToken: string) {
  const { result } = await replica.auth.validateToken({ accessToken });
  return result?.$case === 'principal' ? result.value.roles : result?.value.reason;
}

/** Lets so many minutes pass for what is stored, and cleans up. */
async function letPass(minutes: number): Promise<void> {
  const ago = `interval '${minutes} minutes'`;
  await database.query(`update auth.revocations set expires_at = expires_at - ${ago}`);
  await database.query(`update auth.sessions set access_expires_at = access_expires_at - ${ago}`);
  await database.query(`select auth.delete_expired(1000, interval '7 days', interval '7 days', interval '7 days')`);
}

describe('A role that was taken away', () => {
  it('does not come back on a replica that starts later, though the user had no session by then', async () => {
    const user = await roleHolder(service, database, 'customer');
    await grant(user);
    await service.auth.logout({}, user.as);
    await revoke(user);
    await letPass(6);
    const later = await startService(settings);
    try {
      const token = await newToken(user.userId);
      expect(await rolesBy(later, token)).toEqual(['customer']);
      expect(await rolesBy(service, token)).toEqual(['customer']);
    } finally {
      await later.stop();
    }
  });

  it('does not come back with a verifier that was away meanwhile', async () => {
    const user = await roleHolder(service, database, 'customer');
    const target = { host: '127.0.0.1', port: service.port };
    const proxy = await startTcpProxy(target);
    const verifier = createTokenVerifier({ address: `127.0.0.1:${proxy.port}` });
    try {
      await verifier.ready();
      await service.auth.logout({}, user.as);
      const { revision } = await grant(user);
      await vi.waitFor(() => expect(verifier.revision()).toBeGreaterThanOrEqual(revision), 3000);
      await proxy.cut();
      await revoke(user);
      await letPass(6);
      // One that knows only what is stored still.
      const later = await startService(settings);
      try {
        target.port = later.port;
        await proxy.restore();
        const token = await newToken(user.userId);
        await vi.waitFor(async () => {
          const { principal } = await verifier.verify(token);
          expect(verifier.age()).toBeLessThan(2000);
          expect(principal?.roles).toEqual(['customer']);
        }, 10_000);
      } finally {
        await later.stop();
      }
    } finally {
      await verifier.close();
      await proxy.stop();
    }
  });
});

describe('A role that was given, and is lost with the last commits of a failover', () => {
  it('is not answered any more once the replica has read everything anew', async () => {
    const user = await roleHolder(service, database, 'customer');
    const { revision } = await grant(user);
    expect(await rolesBy(service, user.tokens.accessToken)).toEqual(['customer', 'manager']);
    await database.query(`delete from accounts.user_group_memberships where user_id = $1 and group_name = 'manager'`, [
      user.userId,
    ]);
    await database.query('delete from auth.revocations where revision >= $1', [revision]);
    await database.query('update auth.revocation_state set revision = $1', [revision - 1]);
    await vi.waitFor(async () => {
      expect(await rolesBy(service, user.tokens.accessToken)).toEqual(['customer']);
    }, 5000);
  });
});

describe('A guest whose roles were changed', () => {
  it('has those of his account when he has registered', async () => {
    // An owner who lets guests hold what somebody may take away.
    await database.query(`update accounts.interfaces set guest_role = 'customer' where name = 'customer'`);
    const guest = await service.auth.startGuestSession({ interface: 'customer' });
    await service.roles.revokeRole({ userId: guest.userId, role: 'customer' }, superadmin.as);
    const guestAccessToken = tokensOf(guest).accessToken;
    const person = await service.auth.register({ ...newPerson(), guestAccessToken });
    expect(person.roles).toEqual(['customer']);
    expect(await rolesBy(service, tokensOf(person).accessToken)).toEqual(['customer']);
  });
});
