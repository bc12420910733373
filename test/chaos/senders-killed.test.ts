import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startMailServer } from '../support/mail-server.ts';
import type { MailServer } from '../support/mail-server.ts';
import { enqueueNotices, messageStates } from '../support/messages.ts';
import { startServiceProcess } from '../support/service-process.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const MAILS = 500;
const KILLS = 20;

describe('A service that is killed while it sends', () => {
  let database: TestDatabase;
  let mails: MailServer;

  beforeAll(async () => {
    database = await createTestDatabase();
    mails = await startMailServer({ latency: () => 20 + Math.random() * 20 });
  });
  afterAll(async () => {
    await mails?.stop();
    await database?.drop();
  });

  it(`${KILLS} times during ${MAILS} mails loses none, and sends at most 1 % twice, with the same message id`, async () => {
    const recipients = Array.from({ length: MAILS }, (_, index) => `person-${index}@example.com`);
    const ids = await enqueueNotices(database, recipients);
    const settings = { DATABASE_URL: database.serviceUrl, ...mails.settings };

    for (let kill = 1; kill <= KILLS; kill += 1) {
      const service = await startServiceProcess(settings);
      // In the middle of it, at any moment of it.
      const enough = mails.mails.length + 2 + Math.floor(Math.random() * 15);
      await vi.waitUntil(() => mails.mails.length >= enough, { timeout: 30_000, interval: 1 });
      await delay(Math.random() * 200);
      await service.kill();
    }
    expect(mails.mails.length).toBeLessThan(MAILS);

    // The leases of the killed have to run out: 15 s. Three send the rest meanwhile.
    const last = await Promise.all(Array.from({ length: 3 }, () => startServiceProcess(settings)));
    try {
      await vi.waitUntil(async () => (await messageStates(database))['sent'] === MAILS, {
        timeout: 200_000,
        interval: 100,
      });
    } finally {
      await Promise.all(last.map((service) => service.kill()));
    }

    const copies = Map.groupBy(mails.mails, ({ envelope }) => envelope.to[0]);
    expect([...copies.keys()].sort()).toEqual(recipients.toSorted());
    const idOf = new Map(recipients.map((recipient, index) => [recipient, ids[index]]));
    for (const [recipient = '', received] of copies) {
      for (const { messageId } of received) expect(messageId).toBe(`<${idOf.get(recipient)}@service.example>`);
    }
    const twice = mails.mails.length - copies.size;
    console.log(`${KILLS} kills during ${MAILS} mails: ${copies.size} delivered, ${twice} of them twice`);
    expect(twice).toBeLessThanOrEqual(MAILS / 100);
  }, 400_000);
});
