import pg from 'pg';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { bearer, tokensOf } from '../../test/support/people.ts';
import { createRandom } from '../../test/support/revocation-simulation/random.ts';
import { TEST_MASTER_KEY, connectClients } from '../../test/support/service.ts';
import { openSession } from '../../test/support/sessions.ts';
import { roleHolder } from '../../test/support/delegation.ts';
import type { Place } from '../figure.ts';
import { startNodeProcess } from '../servers/node-process.ts';
import { untilServing } from '../servers/until-serving.ts';
import type { BenchDatabase } from '../servers/backing-servers.ts';
import { PEOPLE_PER_ORGANISATION } from './populate.ts';

export type Side = Awaited<ReturnType<typeof openSide>>;

/** People that are taken from a database, in no order. */
const SAMPLE = 900;
const ORGANISATIONS = 20;

/** Limits count calls and messages, and none is to be reached. */
const WITHOUT_LIMITS = {
  PUBLIC_CALLS_PER_MINUTE: '1000000',
  USER_CALLS_PER_MINUTE: '1000000',
  ROLE_CHANGES_PER_MINUTE: '1000000',
  MESSAGES_PER_ADDRESS: '1000000',
};

/** A service on a populated database, and what its callers need. Without Redis: two databases have nothing to tell each other. */
export async function openSide(place: Place, { DATABASE_URL, adminUrl }: BenchDatabase, users: number) {
  const port = await findFreePort();
  const service = startNodeProcess({
    ...place,
    program: new URL('../../src/main.ts', import.meta.url),
    core: place.pinning.measured,
    settings: {
      DATABASE_URL,
      MASTER_KEY: TEST_MASTER_KEY,
      LISTEN_ADDRESS: `127.0.0.1:${port}`,
      LOCAL_CALLERS: 'on',
      ...WITHOUT_LIMITS,
    },
  });
  await untilServing(port, service.failed);
  const clients = connectClients(`127.0.0.1:${port}`);
  place.scope.defer(() => clients.close());
  const pool = new pg.Pool({ connectionString: adminUrl, max: 4 });
  place.scope.defer(() => pool.end());
  const query = async <Row extends pg.QueryResultRow>(text: string, values?: unknown[]) =>
    (await pool.query<Row>(text, values)).rows;

  // Others each time: somebody who was sent a message is sent no other one for a while.
  const random = createRandom(port);
  const isPlain = (n: number) => ![7, 13, 17].includes(n % 100) && n % PEOPLE_PER_ORGANISATION !== 1 && n % 1000 !== 3;
  const plain = Array.from({ length: SAMPLE * 3 }, () => 1 + Math.floor(random.between(0, users)));
  const people = await idsOf([...new Set(plain)].filter(isPlain));
  const firsts = Array.from({ length: ORGANISATIONS }, (_, n) =>
    Math.floor((n * users) / ORGANISATIONS / PEOPLE_PER_ORGANISATION),
  );
  const heads = await idsOf(firsts.map((first) => first * PEOPLE_PER_ORGANISATION + 1));
  const organisations = await query<{ organisationId: string; headId: string }>(
    `select organisation_id as "organisationId", user_id as "headId" from accounts.organisation_members
      where is_head and user_id = any ($1)`,
    [heads],
  );

  async function idsOf(numbers: readonly number[]): Promise<string[]> {
    const rows = await query<{ id: string }>(
      'select user_id as id from accounts.user_contacts where value = any ($1)',
      [numbers.map((n) => `person${n}@example.com`)],
    );
    return rows.map(({ id }) => id);
  }

  let taken = 0;
  /** Somebody who was there before. Nobody comes twice before all have come. */
  const anybody = () => people[(taken += 1) % people.length] ?? '';
  const database = { query };
  return {
    ...clients,
    database,
    superadmin: await roleHolder(clients, database, 'superadmin'),
    anybody,
    people: (count: number) => Array.from({ length: count }, anybody),
    /** One that was there before, with its head signed in. */
    async anyOrganisation() {
      const found = organisations[Math.floor(random.between(0, organisations.length))];
      if (!found) throw new Error('There is no organisation.');
      const { refreshToken } = await openSession(database, found.headId);
      const { accessToken } = tokensOf(await clients.auth.refresh({ refreshToken }));
      return { ...found, head: { as: bearer(accessToken) } };
    },
    stop: service.stop,
  };
}
