import { describe, expect, it } from 'vitest';
import { createAnnouncer } from '../../../src/revocation/announcer.ts';

type Deps = Parameters<typeof createAnnouncer>[0];
const CHANNELS = { revisions: 'auth:revocations', known: 'auth:revocations:known' };

/** A replica named "here" that hears what a test says and whose own words are noted. */
function setUp(learn: Deps['learn']) {
  const said: string[] = [];
  let hear: (channel: string, message: string) => void = () => undefined;
  const problems: unknown[] = [];
  const announcer = createAnnouncer({
    bus: {
      publish: async (channel, message) => void said.push(`${channel} ${message}`),
      subscribe: (_channels, onMessage) => (hear = onMessage),
    },
    replicaId: 'here',
    learn,
    onProblem: (error) => problems.push(error),
  });
  announcer.start();
  const settled = () => new Promise((resolve) => setImmediate(resolve));
  return {
    announcer,
    said,
    problems,
    async announced(...messages: string[]) {
      for (const message of messages) hear(CHANNELS.revisions, message);
      await settled();
    },
    async told(message: string) {
      hear(CHANNELS.known, message);
      await settled();
    },
  };
}

describe('an announcer', () => {
  it('tells once for all announcements that one read has answered', async () => {
    const { announced, said } = setUp(async () => 9);
    await announced('there 7', 'elsewhere 8', 'there 9');
    expect(said).toEqual(['auth:revocations:known here 9']);
  });

  it('tells again when somebody announces late what it has told before', async () => {
    const { announced, said } = setUp(async (revision) => Math.max(revision, 8));
    await announced('elsewhere 8');
    await announced('there 7');
    expect(said).toEqual(['auth:revocations:known here 8', 'auth:revocations:known here 8']);
  });

  it('tells nothing that it could not learn', async () => {
    const { announced, said, problems } = setUp(async () => Promise.reject(new Error('no database')));
    await announced('there 7');
    expect(said).toEqual([]);
    expect(problems).toHaveLength(1);
  });

  it('waits for every replica, and not for what an old revision tells', async () => {
    const { announcer, told } = setUp(async (revision) => revision);
    let isDone = false;
    void announcer.announce(5, ['a', 'b'], new AbortController().signal).then(() => (isDone = true));
    await told('a 5');
    await told('b 4');
    await told('stranger 5');
    await told('a 6');
    expect(isDone).toBe(false);
    await told('b 6');
    expect(isDone).toBe(true);
  });

  it.each(['', 'there', 'there seven', 'there 1.5', 'here 7', ' 7'])('does nothing on "%s"', async (message) => {
    const { announced, said, problems } = setUp(async (revision) => revision);
    await announced(message);
    expect(said).toEqual([]);
    expect(problems).toEqual([]);
  });
});
