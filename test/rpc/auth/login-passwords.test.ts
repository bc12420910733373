import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { PASSWORD, newPerson, registerConfirmed } from '../../support/people.ts';
import { refusalOf } from '../../support/refusal.ts';
import { startService } from '../../support/service.ts';
import type { TestService } from '../../support/service.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import type { TestDatabase } from '../../support/test-database.ts';

describe('Login, as far as the password goes', () => {
  let database: TestDatabase;
  let service: TestService;

  beforeAll(async () => {
    database = await createTestDatabase();
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      REDIS_URL: inject('redisUrl'),
      BCRYPT_COST: '10',
    });
  });
  afterAll(async () => {
    await service?.stop();
    await database?.drop();
  });

  it('raises the hash to the cost of today, and the password goes on working', async () => {
    const person = await registerConfirmed(service, database);
    const old = await hashOf(person.userId);
    expect(old).toMatch(/^\$2b\$10\$/);

    await service.auth.login({ login: person.phone, password: PASSWORD });
    expect(await hashOf(person.userId)).toBe(old);

    const costlier = await startService({ DATABASE_URL: database.serviceUrl, BCRYPT_COST: '11' });
    try {
      await refusalOf(costlier.auth.login({ login: person.phone, password: 'not the password' }));
      expect(await hashOf(person.userId)).toBe(old);
      await costlier.auth.login({ login: person.phone, password: PASSWORD });
      const raised = await hashOf(person.userId);
      expect(raised).toMatch(/^\$2b\$11\$/);
      await costlier.auth.login({ login: person.phone, password: PASSWORD });
      expect(await hashOf(person.userId)).toBe(raised);
      await refusalOf(costlier.auth.login({ login: person.phone, password: 'not the password' }));
    } finally {
      await costlier.stop();
    }
    // A replica with the older setting takes it, and does not lower it.
    await service.auth.login({ login: person.phone, password: PASSWORD });
    expect(await hashOf(person.userId)).toMatch(/^\$2b\$11\$/);
  });

  it('reads every byte of a password: bcrypt alone would stop at 72', async () => {
    for (const bytes of [71, 72, 73, 200]) {
      const password = 'long password '.repeat(20).slice(0, bytes);
      const person = await registerConfirmed(service, database, { password });
      await service.auth.login({ login: person.phone, password });
      for (const wrong of [`${password.slice(0, -1)}X`, password.slice(0, -1), `${password}X`, password.slice(0, 72)]) {
        if (wrong === password) continue;
        const { reason } = await refusalOf(service.auth.login({ login: person.phone, password: wrong }));
        expect(reason, `${bytes} bytes, ${wrong.length} tried`).toBe('CREDENTIALS_INVALID');
      }
    }
  });

  it('counts characters, not bytes: 8 are enough and 256 are not too many, in any script', async () => {
    for (const password of ['пароль-7', '密碼密碼密碼密碼', '🐎'.repeat(8), '🐎'.repeat(256)]) {
      const person = await registerConfirmed(service, database, { password });
      await service.auth.login({ login: person.phone, password });
      const almost = `${[...password].slice(0, -1).join('')}x`;
      await refusalOf(service.auth.login({ login: person.phone, password: almost }));
    }
    const seven = newPerson({ password: '🐎'.repeat(7) });
    expect((await refusalOf(service.auth.register(seven))).reason).toBe('REGISTER_INVALID_PASSWORD');
  });

  it('takes composed and decomposed letters for one password, both ways', async () => {
    const composed = 'Café Zoë Ångström'.normalize('NFC');
    const decomposed = composed.normalize('NFD');
    expect(decomposed).not.toBe(composed);
    for (const [chosen, typed] of [
      [composed, decomposed],
      [decomposed, composed],
    ] as const) {
      const person = await registerConfirmed(service, database, { password: chosen });
      await service.auth.login({ login: person.phone, password: typed });
      await refusalOf(service.auth.login({ login: person.phone, password: 'Cafe Zoe Angstrom' }));
    }
  });

  it('keeps spaces at both ends', async () => {
    const person = await registerConfirmed(service, database, { password: '  with spaces  ' });
    await service.auth.login({ login: person.phone, password: '  with spaces  ' });
    const { reason } = await refusalOf(service.auth.login({ login: person.phone, password: 'with spaces' }));
    expect(reason).toBe('CREDENTIALS_INVALID');
  });

  it('takes the hashes of other systems: $2a$ and $2y$', async () => {
    const person = await registerConfirmed(service, database);
    for (const prefix of ['$2a$', '$2y$']) {
      await database.query('update accounts.users set password_hash = $2 || substr(password_hash, 5) where id = $1', [
        person.userId,
        prefix,
      ]);
      await service.auth.login({ login: person.phone, password: PASSWORD });
      await refusalOf(service.auth.login({ login: person.phone, password: 'not the password' }));
    }
  });

  async function hashOf(userId: string): Promise<string | undefined> {
    const [row] = await database.query<{ password_hash: string }>(
      'select password_hash from accounts.users where id = $1',
      [userId],
    );
    return row?.password_hash;
  }
});
