import { describe, expect, it } from 'vitest';
import { appliersOf, readCascade } from '../../docs/generate/revocations.ts';
import { sourceFiles } from './source-files.ts';

const { triggers, appliers } = readCascade();
const names = triggers.map(({ name }) => name);

/** Functions that call another one; their own file is no call. */
const callersOf = (name: string) =>
  sourceFiles('sql/functions', '.sql')
    .filter(({ text }) => text.replace(/--.*$/gm, '').includes(`${name}(`))
    .filter(({ text }) => !text.includes(`create or replace function ${name}(`))
    .map(({ path }) => path.split('/').slice(2).join('.').slice(0, -'.sql'.length));

describe('The triggers of revocations', () => {
  it('are read out of the migrations', () => {
    expect(names.length).toBeGreaterThanOrEqual(9);
    expect(new Set(names).size).toBe(names.length);
  });

  it.each(names)('%s is applied by a function', (name) => {
    expect(appliersOf(appliers, name).map((applier) => applier.name)).not.toEqual([]);
  });

  it.each(appliers)('$name applies what is in the matrix', (applier) => {
    expect(applier.triggers).not.toEqual([]);
    for (const trigger of applier.triggers) {
      const meant = names.filter((name) => name === trigger || (trigger.endsWith('_') && name.startsWith(trigger)));
      expect(meant, trigger).not.toEqual([]);
    }
  });
});

describe('Sessions', () => {
  it('are ended by the cascade alone', () => {
    expect(callersOf('auth.end_sessions')).toEqual(['auth.apply_cascade']);
  });

  it('are ended by one statement', () => {
    const ending = sourceFiles('sql/functions', '.sql').filter(({ text }) =>
      /update auth\.sessions s\s+set ended_at/.test(text),
    );
    expect(ending.map(({ path }) => path)).toEqual(['sql/functions/auth/end_sessions.sql']);
  });
});
