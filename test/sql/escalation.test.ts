import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BROKEN_LOCKS, BROKEN_VARIANTS } from '../support/escalation/broken-variants.ts';
import { addEscalationHelper, createEscalation } from '../support/escalation/escalate.ts';
import type { Escalation } from '../support/escalation/escalate.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** Before the first sequence; that of one that fails is in the text of the failure. */
const SEED = Number(process.env['ESCALATION_SEED'] ?? Date.now() % 1_000_000_000);
const SEQUENCES = Number(process.env['ESCALATION_SEQUENCES'] ?? 1000);
/** A broken variant is noticed within so many sequences; nearly all are in the first ten. */
const NOTICED_WITHIN = 200;

let database: TestDatabase;
let lanes: readonly Escalation[];
let crowd: Escalation;
beforeAll(async () => {
  database = await createTestDatabase();
  await addEscalationHelper(database);
  lanes = await Promise.all(['one', 'two'].map((lane) => createEscalation(database, lane, 1)));
  crowd = await createEscalation(database, 'crowd', 4);
});
afterAll(async () => {
  await Promise.all([...(lanes ?? []), crowd].map((each) => each?.close()));
  await database?.drop();
});

/** Seeds that no other test of the file has. */
let next = SEED;
const seed = () => (next += 1);

describe('Nobody ever holds a role that no one entitled gave him', { timeout: 600_000 }, () => {
  it(`in ${SEQUENCES} random graphs with 200 steps each, one after another`, async () => {
    let left = SEQUENCES;
    await Promise.all(
      lanes.map(async (lane) => {
        while ((left -= 1) >= 0) await lane.inTurn(seed());
      }),
    );
    const [told] = await database.query<{ granted: number; revoked: number; registered: number }>(
      `select count(*) filter (where action = 'role.granted')::int as granted,
              count(*) filter (where action = 'role.revoked')::int as revoked,
              count(*) filter (where action = 'step.register')::int as registered
         from auth.audit_events`,
    );
    // Where everything is refused, nobody gets anything either.
    expect(told?.granted).toBeGreaterThan(5 * SEQUENCES);
    expect(told?.revoked).toBeGreaterThan(SEQUENCES);
    expect(told?.registered).toBeGreaterThan(SEQUENCES / 4);
  });

  it(`in ${SEQUENCES} more, on four connections at once`, async () => {
    for (let n = 0; n < SEQUENCES; n += 1) await crowd.atOnce(seed());
  });
});

describe('It would be noticed of a delegation that', { timeout: 600_000 }, () => {
  it.each(BROKEN_VARIANTS)('%s', async (_name, file, right, wrong) => {
    expect(await sequencesUntilNoticed(file, right, wrong, lanes[0]!.inTurn)).toBeLessThan(NOTICED_WITHIN);
  });

  it.each(BROKEN_LOCKS)('%s', async (_name, file, right, wrong) => {
    expect(await sequencesUntilNoticed(file, right, wrong, crowd.atOnce)).toBeLessThan(NOTICED_WITHIN);
  });
});

async function sequencesUntilNoticed(
  file: string,
  right: string,
  wrong: string,
  run: (seed: number) => Promise<void>,
): Promise<number> {
  const text = await readFile(new URL(`../../sql/functions/accounts/${file}.sql`, import.meta.url), 'utf8');
  const code = text.replace(/^--.*\n/gm, '');
  expect(code).toContain(right);
  await database.query(code.replaceAll(right, wrong));
  try {
    for (let n = 0; n < NOTICED_WITHIN; n += 1) {
      const isNoticed = await run(seed()).then(
        () => false,
        () => true,
      );
      if (isNoticed) return n;
    }
    return Infinity;
  } finally {
    await database.query(text);
  }
}
