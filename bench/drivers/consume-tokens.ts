import { createPool } from '../../src/db/pool.ts';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';

/** Rotates refresh tokens in the database and does nothing else: no server, no derived tokens, no signature. */
export type ConsumeTokens = {
  readonly databaseUrl: string;
  readonly poolSize: number;
  readonly lanes: number;
  /** Sessions whose token is the first of `hashes` and has generation 1. */
  readonly sessionIds: readonly string[];
  /** Computed before: a session goes round in them. */
  readonly hashes: readonly string[];
};

const FUNCTION = 'auth.consume_refresh_token';
const DAY = 24 * 3600 * 1000;

drive<ConsumeTokens>(async ({ databaseUrl, poolSize, lanes, sessionIds, hashes }) => {
  const pool = createPool({
    url: databaseUrl,
    size: poolSize,
    connectTimeout: 2000,
    queryTimeout: 10_000,
    onIdleError: () => undefined,
  });
  // Those that are not being refreshed. Taken out meanwhile, because a slow call can be lapped.
  const idle = sessionIds.map((id) => ({ id, generation: 1 }));
  const hashOf = (generation: number) => hashes[(generation - 1) % hashes.length];
  return closedLoop({
    lanes,
    async call() {
      const session = idle.shift();
      if (!session) throw new Error('There is nothing to refresh.');
      const { id, generation } = session;
      const { rows } = await pool.query<{ outcome: string }>({
        name: FUNCTION,
        text: `select * from ${FUNCTION}($1, $2, $3, $4, $5, $6, $7, false)`,
        values: [
          ...[hashOf(generation), id, generation, hashOf(generation + 1), '30000 milliseconds'],
          ...[new Date(Date.now() + 7 * DAY), new Date(Date.now() + DAY / 48)],
        ],
      });
      if (rows[0]?.outcome !== 'rotated') throw new Error(`A token ended as ${rows[0]?.outcome}.`);
      idle.push({ id, generation: generation + 1 });
    },
  });
});
