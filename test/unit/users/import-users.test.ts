import { describe, expect, it } from 'vitest';
import { createContacts } from '../../../src/accounts/contact.ts';
import type { SignedInCaller } from '../../../src/caller.ts';
import { createImportUsers } from '../../../src/users/import-users.ts';

const EMAIL = { name: 'email', isExclusive: false, needsConfirmation: true, channel: 'email', pattern: null };
/** A type of the deployment, whose pattern takes more than can be stored. */
const BADGE = { name: 'badge', isExclusive: false, needsConfirmation: false, channel: null, pattern: '^#.*$' };

const caller = { user: { userId: 'the administrator', sessionId: 'his session' } } as SignedInCaller;
const contacts = createContacts({ defaultRegion: 'RU', types: [EMAIL, BADGE] });
const somebody = (type: string, value: string) => ({
  contacts: [{ type, value }],
  profile: null,
  roles: [],
  passwordHash: '',
});

describe('An import of users', () => {
  it('reads a batch when the one before it is answered, and has one in flight', async () => {
    const steps: string[] = [];
    const users = {
      async importUsers() {
        steps.push('begins');
        await new Promise(setImmediate);
        steps.push('ends');
        return [];
      },
    };
    async function* batches() {
      for (let batch = 1; batch <= 3; batch += 1) {
        steps.push('read');
        yield [somebody('email', `person-${batch}@example.com`)];
      }
    }
    for await (const { imported } of createImportUsers({ users, contacts })(batches(), caller)) {
      expect(imported).toBe(1);
      // Whoever answers slowly is waited for.
      await new Promise(setImmediate);
      steps.push('answered');
    }
    const each = ['read', 'begins', 'ends', 'answered'];
    expect(steps).toEqual([...each, ...each, ...each]);
  });

  it('tells the database of those who cannot be read, and asks for nothing where nobody is sent', async () => {
    const asked: unknown[] = [];
    const users = {
      importUsers(_actor: unknown, accounts: readonly unknown[], refused: number) {
        asked.push([accounts.length, refused]);
        return Promise.resolve([]);
      },
    };
    async function* batches() {
      yield [];
      yield [somebody('email', 'no address'), somebody('badge', `#${'x'.repeat(320)}`), somebody('badge', '#\u0007')];
    }
    const answers = [];
    for await (const answer of createImportUsers({ users, contacts })(batches(), caller)) answers.push(answer);
    expect(answers).toEqual([
      { imported: 0, failures: [] },
      { imported: 0, failures: [1, 2, 3].map((line) => expect.objectContaining({ line, reason: 'INVALID_REQUEST' })) },
    ]);
    expect(asked).toEqual([[0, 3]]);
  });
});
