import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { table } from './markdown.ts';

/** A row of the matrix auth.revocation_triggers. */
export type Trigger = {
  readonly name: string;
  readonly sessions: 'none' | 'this' | 'others' | 'all';
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
const ROW = /\('(\w+)', '(none|this|others|all)', (true|false), '([^']*)'\)/g;

/** Reads the matrix out of the migrations, and who applies it out of the functions: what runs, and not what is said of it. */
export function readCascade(): Cascade {
  const inserts = sqlFiles('migrations').flatMap(({ text }) => [...text.matchAll(INSERT)].map(([, rows = '']) => rows));
  const functions = sqlFiles('functions');
  return {
    triggers: inserts.flatMap((rows) => [...rows.matchAll(ROW)].map(triggerOf)),
    appliers: functions
      .filter(({ text }) => /\bauth\.apply_cascade\(/.test(text) && !text.includes('function auth.apply_cascade('))
      .map((file) => applierOf(file, functions)),
  };
}

/** What each trigger ends, who applies it, and what is told of it. */
export function cascadeTable({ triggers, appliers }: Cascade): string {
  const rows = triggers.map(({ name, sessions, endsChallenges, about }) => {
    const by = appliersOf(appliers, name);
    const told = (texts: readonly string[]) => [...new Set(texts)].map(code).join(', ');
    const isWithRoles = sessions === 'none' ? ', with the roles of now' : '';
    // auth.end_sessions writes it, for all of them.
    const ended = sessions === 'none' ? [] : ['session.ended'];
    return [
      code(name),
      about,
      sessions === 'this' || sessions === 'all' ? 'ends' : `stays${isWithRoles}`,
      sessions === 'others' || sessions === 'all' ? 'end' : `stay${isWithRoles}`,
      endsChallenges ? 'end' : 'stay',
      told([...by.flatMap(({ events }) => events), ...ended]),
      told(by.flatMap(({ notices }) => notices)),
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

function applierOf({ name, text }: SqlFile, files: readonly SqlFile[]): Applier {
  const all = (pattern: RegExp) => [...text.matchAll(pattern)].map(([, found = '']) => found);
  // One trigger or another, as the function decides.
  const choices = all(/\bauth\.apply_cascade\(\s*\w+,\s*case\b([^]*?)\bend\s*,/g);
  const callees = files.filter((file) => file.name !== name && text.includes(`${file.name}(`));
  return {
    name,
    triggers: [
      ...all(/\bauth\.apply_cascade\([^,]+,\s*'(\w+)'/g),
      ...all(/\bv_trigger text := '(\w+_)' \|\| p_scope;/g),
      ...choices.flatMap((choice) => [...choice.matchAll(/\b(?:then|else)\s+'(\w+)'/g)].map(([, found = '']) => found)),
    ],
    // What is refused has triggered nothing.
    events: all(/\bauth\.append_(?:audit_)?event\(\s*'([a-z_.]+)'/g).filter((event) => !event.endsWith('_refused')),
    notices: [text, ...callees.map((callee) => callee.text)].flatMap((each) =>
      [...each.matchAll(/\bauth\.enqueue_notice\([^,]+,\s*'(\w+)'/g)].map(([, found = '']) => found),
    ),
  };
}

type SqlFile = { readonly name: string; readonly text: string };

function sqlFiles(folder: string): SqlFile[] {
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
