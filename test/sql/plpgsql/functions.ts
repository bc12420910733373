import type pg from 'pg';
import type { PlpgsqlFunction } from './check.ts';

type Row = { name: string; returns: string; body: string; names: string[] | null; types: string[] };

/** Every function of our schemas in a language, as the database has it. */
export async function functionsIn(client: pg.Client, language: 'plpgsql' | 'sql'): Promise<PlpgsqlFunction[]> {
  const { rows } = await client.query<Row>(
    `
    select p.oid::regproc::text as name,
           format_type(p.prorettype, null) as returns,
           coalesce(pg_get_function_sqlbody(p.oid), p.prosrc) as body,
           p.proargnames as names,
           array(
             select format_type(a.type, null)
               from unnest(coalesce(p.proallargtypes, p.proargtypes::oid[])) with ordinality as a (type, position)
              order by a.position
           ) as types
      from pg_proc p
      join pg_language l on l.oid = p.prolang
     where l.lanname = $1 and p.pronamespace in ('auth'::regnamespace, 'accounts'::regnamespace)
     order by 1`,
    [language],
  );
  return rows.map(({ name, returns, body, names, types }) => ({
    name,
    returns,
    body,
    parameters: types.map((type, n) => ({ name: names?.[n] ?? `$${n + 1}`, type })),
  }));
}
