import type pg from 'pg';
import { parseBody } from './parse.ts';
import type { Fragment, Variable } from './parse.ts';
import { tokensOf } from './tokens.ts';

export type PlpgsqlFunction = {
  readonly name: string;
  /** Parameters, in and out. */
  readonly parameters: readonly Variable[];
  readonly returns: string;
  readonly body: string;
};

export type Finding = { readonly name: string; readonly text: string; readonly problem: string };

/**
 * Has PL/pgSQL itself analyse and plan every statement and expression of a function, also those in branches that no test
 * enters, without executing any: each is put under EXPLAIN into an anonymous block that declares the function's variables.
 * So names, types, and names that mean a variable and a column at once are judged by what would run them.
 *
 * @param superuser a connection that may make temporary tables; everything is rolled back
 */
export async function checkFunction(superuser: pg.Client, checked: PlpgsqlFunction): Promise<Finding[]> {
  const { name, parameters, returns, body } = checked;
  let parsed;
  try {
    parsed = parseBody(body, returns, columnsOf(checked));
  } catch (error) {
    return [{ name, text: body, problem: (error as Error).message }];
  }
  const variables = [...parameters, ...parsed.variables];
  const findings: Finding[] = [];
  for (const fragment of parsed.fragments) {
    const problem = await problemOf(superuser, fragment, variables);
    if (problem !== null) findings.push({ name, text: fragment.text, problem });
  }
  return findings;
}

/** The columns that a function returns: parameters begin with `p_`, columns do not. */
export function columnsOf({ parameters }: PlpgsqlFunction): string[] {
  return parameters.map(({ name }) => name).filter((name) => !name.startsWith('p_'));
}

async function problemOf(
  client: pg.Client,
  fragment: Fragment,
  variables: readonly Variable[],
): Promise<string | null> {
  try {
    await explain(client, fragment, variables);
    return null;
  } catch (error) {
    return (error as Error).message;
  }
}

/**
 * The plan of a fragment, in JSON, with the table scans that an index could replace switched off.
 * @param valueOf what a variable of a type holds, in SQL; null by default
 */
export async function explain(
  client: pg.Client,
  fragment: Fragment,
  variables: readonly Variable[],
  valueOf: (type: string) => string = () => 'null',
): Promise<string> {
  await client.query('begin');
  try {
    await client.query(
      `set local search_path = ''; set local plpgsql.variable_conflict = error; set local enable_seqscan = off`,
    );
    const slot = slotFor(fragment, variables);
    if (slot) await client.query(`create temporary table slot (${slot.columns})`);
    const declarations = variables.map(({ name, type }) => `${name} ${type} := ${valueOf(type)};`).join('\n');
    await client.query(
      // sqlerrm is there in handlers.
      `do $checked$ declare ${declarations}\nsqlerrm text := ''; checked_plan text;
       begin
         for checked_plan in explain (format json) ${explained(fragment, slot)} loop
           perform set_config('checked.plan', checked_plan, true);
         end loop;
       end $checked$`,
    );
    const { rows } = await client.query<{ plan: string }>(`select current_setting('checked.plan') as plan`);
    return rows[0]?.plan ?? '';
  } finally {
    await client.query('rollback');
  }
}

/** A table that takes what a fragment yields, so that PostgreSQL applies the casts of an assignment. */
type Slot = { readonly columns: string; readonly filled: string };

const ROW_TYPE = /^(auth|accounts)\.\w+$/;

function slotFor({ kind, into }: Fragment, variables: readonly Variable[]): Slot | null {
  if (kind === 'statement' && into.length === 0) return null;
  if ('type' in into) return { columns: `value ${into.type}`, filled: '' };

  const targets = 'variable' in into ? [into.variable] : into;
  const types = targets.map((target) => {
    const { type } = variables.find(({ name }) => name === target.split('.')[0]) ?? {};
    if (type === undefined) throw new Error(`"${target}" is not a known variable`);
    return type;
  });
  const [target = '', type = ''] = [targets[0], types[0]];
  const field = target.split('.')[1];
  if (field !== undefined) return { columns: `like ${type}`, filled: `(${field})` };
  // A row variable takes the columns of a row from a statement, and a row as one value from an assignment.
  if (kind === 'statement' && types.length === 1 && ROW_TYPE.test(type)) return { columns: `like ${type}`, filled: '' };
  const names = types.map((_, n) => `value_${n}`);
  return { columns: types.map((each, n) => `${names[n]} ${each}`).join(', '), filled: `(${names.join(', ')})` };
}

function explained({ kind, text }: Fragment, slot: Slot | null): string {
  if (!slot) return text;
  const insert = `insert into pg_temp.slot ${slot.filled}`;
  if (kind === 'expression') return `${insert} select ${text}`;
  // A WITH that changes rows has to stand at the top.
  const { queries, main } = splitWith(text);
  return `with ${queries}checked_rows as (${main}) ${insert} select * from checked_rows`;
}

function splitWith(text: string): { queries: string; main: string } {
  const [first, ...rest] = tokensOf(text);
  if (first?.word !== 'with') return { queries: '', main: text };
  let depth = 0;
  const main = rest.find(({ word }) => {
    if (word === '(') depth += 1;
    if (word === ')') depth -= 1;
    return depth === 0 && ['select', 'insert', 'update', 'delete', 'merge'].includes(word);
  });
  if (!main) throw new Error('A WITH without its statement');
  return { queries: `${text.slice(first.end, main.start)}, `, main: text.slice(main.start) };
}
