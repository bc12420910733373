import { readFile, writeFile } from 'node:fs/promises';
import type { Measurement } from './measurement.ts';
import { plotResults } from './plot.ts';
import { resultsTable } from './table.ts';

const PAGE = new URL('../../docs/performance.md', import.meta.url);
const PLOT = new URL('../../docs/performance.svg', import.meta.url);
const MARKED = /(<!-- generated:figures -->)[^]*?(<!-- \/generated -->)/;

/** Puts the results of a complete run into docs/performance.md and docs/performance.svg. */
export async function writeDocuments(measurements: readonly Measurement[]): Promise<void> {
  const page = await readFile(PAGE, 'utf8');
  if (!MARKED.test(page)) throw new Error('docs/performance.md has no place for the figures any more.');
  const table = resultsTable(measurements);
  await writeFile(
    PAGE,
    page.replace(MARKED, (_, begin: string, end: string) => `${begin}\n\n${table}\n\n${end}`),
  );
  await writeFile(PLOT, plotResults(measurements));
}
