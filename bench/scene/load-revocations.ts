import pg from 'pg';

/** Live revocations, as many logouts leave them: one in ten of a token, the others of sessions. */
export async function loadRevocations(adminUrl: string, count: number): Promise<void> {
  const client = new pg.Client({ connectionString: adminUrl });
  await client.connect();
  try {
    await client.query('begin');
    await client.query(
      `insert into auth.revocations (revision, kind, subject, user_id, trigger, expires_at)
       select n, case when n % 10 = 0 then 'token' else 'session' end, gen_random_uuid(), gen_random_uuid(), 'logout',
              now() + interval '1 day'
         from generate_series(1, $1::bigint) n`,
      [count],
    );
    await client.query('update auth.revocation_state set revision = $1', [count]);
    await client.query('commit');
    await client.query('vacuum analyze auth.revocations');
  } finally {
    await client.end();
  }
}
