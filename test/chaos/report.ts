import { readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import type { Result } from './scenario.ts';

export type Report = {
  readonly add: (name: string, result: Result, seconds: number) => void;
  /** Puts the results between the markers of docs/reliability.md. */
  readonly write: () => void;
  /** Prints a summary. @returns whether nothing went wrong */
  readonly finish: () => boolean;
};

const PAGE = new URL('../../docs/reliability.md', import.meta.url);

/** Gathers the results of a run: each is printed at once, and all of them at the end. */
export function createReport({ seed, factor }: { seed: number; factor: number }): Report {
  const rows: { name: string; result: Result; seconds: number }[] = [];

  return {
    add(name, result, seconds) {
      rows.push({ name, result, seconds });
      console.log(`  ${described(result)}`);
      for (const problem of result.problems) console.log(`  WRONG: ${problem}`);
      console.log(`  ${seconds.toFixed(0)} s`);
    },
    write() {
      const lines = rows.map(
        ({ name, result, seconds }) =>
          `| \`${name}\` | ${described(result)} | ${seconds.toFixed(0)} s | ${verdict(result)} |`,
      );
      const table = ['| scenario | counts | took | result |', '|---|---|---|---|', ...lines].join('\n');
      const size = factor === 1 ? '' : `, ${factor} times the usual size`;
      const about = `Seed ${seed}${size}; ${new Date().toISOString().slice(0, 10)}, ${availableParallelism()} cores, Node ${process.version}.`;
      const page = readFileSync(PAGE, 'utf8');
      const between = /(<!-- chaos:result -->)[^]*(<!-- \/chaos:result -->)/;
      writeFileSync(
        PAGE,
        page.replace(between, (_, begin: string, end: string) => `${begin}\n\n${about}\n\n${table}\n\n${end}`),
      );
    },
    finish() {
      const width = Math.max(...rows.map(({ name }) => name.length));
      console.log(`\nseed ${seed}`);
      for (const { name, result, seconds } of rows) {
        console.log(`${name.padEnd(width)}  ${seconds.toFixed(0).padStart(5)} s  ${verdict(result)}`);
      }
      return rows.every(({ result }) => result.problems.length === 0);
    },
  };
}

function verdict({ problems }: Result): string {
  return problems.length === 0 ? 'held' : `${problems.length} wrong`;
}

/** `20000 logouts, 0 revoked accepted`; times and rates with their unit behind. */
function described({ counts }: Result): string {
  return Object.entries(counts)
    .map(([key, count]) => {
      const name = key.replaceAll('_', ' ');
      const [, what, unit] = /^(.*) (ms|MB)$/.exec(name) ?? [];
      return what === undefined ? `${grouped(count)} ${name}` : `${what} ${grouped(count)} ${unit}`;
    })
    .join(', ');
}

/** 1 000 000, as the documents write it. */
function grouped(count: number): string {
  const [whole = '', part] = String(count).split('.');
  return whole.replace(/\B(?=(\d{3})+$)/g, ' ') + (part === undefined ? '' : `.${part}`);
}
