import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { table } from './markdown.ts';

/** A row of the matrix auth.revocation_triggers. */
export type Trigger = {
  readonly name: string;
  readonly sessions: 'this' | 'others' | 'all';
  readonly endsChallenges: boolean;
  readonly about: string;
};

/** A stored function that applies triggers, and what it tells of that. */
export type Applier = {
  readonly name: string;
  /** A prefix stands for all that begin with it: the rest is the scope that a caller has chosen. */
  readonly triggers: readonly string[];
  readonly events: readonly string[];
  readonly notices: readonly string[];
};

export type Cascade = { readonly triggers: readonly Trigger[]; readonly appliers: readonly Applier[] };

const SQL = fileURLToPath(new URL('../../sql/', import.meta.url));
const INSERT = /insert into auth\.revocation_triggers \(name, sessions, ends_challenges, about\) values([^;]*);/g;
const ROW = /\('(\w+)', '(this|others|all)', (true|false), '([^']*)'\)/g;

/** Reads the matrix out of the migrations, and who applies it out of the functions: what runs, and not what is said of it. */
export function readCascade(): Cascade {
  const inserts = sqlFiles('migrations').flatMap(({ text }) => [...text.matchAll(INSERT)].map(([, rows = '']) => rows));
  return {
    triggers: inserts.flatMap((rows) => [...rows.matchAll(ROW)].map(triggerOf)),
    appliers: sqlFiles('functions')
      .filter(({ text }) => /\bauth\.apply_cascade\(/.test(text) && !text.includes('function auth.apply_cascade('))
      .map(applierOf),
  };
}

/** What each trigger ends, who applies it, and what is told of it. */
export function cascadeTable({ triggers, appliers }: Cascade): string {
  const rows = triggers.map(({ name, sessions, endsChallenges, about }) => {
    const by = appliersOf(appliers, name);
    const told = (of: 'events' | 'notices') => [...new Set(by.flatMap((applier) => applier[of]))].map(code).join(', ');
    return [
      code(name),
      about,
      sessions === 'others' ? 'stays' : 'ends',
      sessions === 'this' ? 'stay' : 'end',
      endsChallenges ? 'end' : 'stay',
      told('events'),
      told('notices'),
      by.map((applier) => code(applier.name)).join(', '),
    ];
  });
  return table(
    [
      ...['trigger', 'when', 'this session and its tokens', 'other sessions and their tokens', 'codes and links'],
      ...['events', 'notice', 'function'],
    ],
    rows,
  );
}

/** The functions that apply a trigger. */
export function appliersOf(appliers: readonly Applier[], trigger: string): Applier[] {
  const isMeant = (name: string) => name === trigger || (name.endsWith('_') && trigger.startsWith(name));
  return appliers.filter(({ triggers }) => triggers.some(isMeant));
}

function triggerOf([, name = '', sessions, endsChallenges, about = '']: RegExpExecArray): Trigger {
  return { name, sessions: sessions as Trigger['sessions'], endsChallenges: endsChallenges === 'true', about };
}

function applierOf({ name, text }: { name: string; text: string }): Applier {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
  const events = all(/\bauth\.append_event\(\s*'([a-z_.]+)'/g);
  return {
    name,
    triggers: [
      ...all(/\bauth\.apply_cascade\([^,]+,\s*'(\w+)'/g),
      ...all(/\bv_trigger text := '(\w+_)' \|\| p_scope;/g),
    ],
    // auth.end_sessions writes it, for all of them.
    events: [...events, 'session.ended'],
    notices: all(/\bauth\.enqueue_notice\([^,]+,\s*'(\w+)'/g),
  };
}

function sqlFiles(folder: string): { name: string; text: string }[] {
  return readdirSync(path.join(SQL, folder), { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.sql'))
    .sort()
    .map((file) => ({
      name: file.slice(0, -'.sql'.length).replaceAll(path.sep, '.'),
      text: readFileSync(path.join(SQL, folder, file), 'utf8').replace(/--.*$/gm, ''),
    }));
}

function code(text: string): string {
  return `\`${text}\``;
}
