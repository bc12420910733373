import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { authFunctionsOf } from '../../../support/stored-functions.ts';
import { createTestDatabase } from '../../../support/test-database.ts';
import type { TestDatabase } from '../../../support/test-database.ts';

describe('auth.touch_replica', () => {
  let database: TestDatabase;
  beforeAll(async () => {
    database = await createTestDatabase();
  });
  afterAll(() => database?.drop());

  async function isGrantedAfterTouch(unseenFor: string): Promise<boolean> {
    const auth = authFunctionsOf(database);
    const id = randomUUID();
    await auth.registerReplica({ id, lease: 1000, tokenLifetime: 60_000 });
    await database.query('update auth.replicas set seen_at = now() - $2::interval where id = $1', [id, unseenFor]);
    await auth.touchReplica(id);
    return (await auth.readRevocations({ replicaId: id, after: 0, limit: 1 })).isRegistered;
  }

  it('keeps a replica on the list that was seen a moment ago', async () => {
    expect(await isGrantedAfterTouch('9 seconds')).toBe(true);
  });

  // A revoker under way may have read the list without it: only registering, which waits for that revoker, is safe.
  it('does not bring back one that revokers do not wait for any more', async () => {
    expect(await isGrantedAfterTouch('21 seconds')).toBe(false);
  });
});
