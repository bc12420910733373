import { barText, reachesBar } from './bar.ts';
import type { Measurement } from './measurement.ts';
import { round, withUnit } from './number-text.ts';

/** The results as a table in Markdown. */
export function resultsTable(measurements: readonly Measurement[]): string {
  return [
    '| figure | value | furthest rounds | bar | what it is |',
    '|---|---|---|---|---|',
    ...measurements.map(({ figure, result: { value, unit, spread } }) => {
      const furthest = spread ? `${withNumber(spread[0])} to ${withNumber(spread[1])}` : '';
      const bar = reachesBar(figure, value) === false ? `${barText(figure)}: **missed**` : barText(figure);
      return `| \`${figure.name}\` | ${withUnit(value, unit)} | ${furthest} | ${bar} | ${figure.about} |`;
    }),
  ].join('\n');
}

const withNumber = (value: number) => withUnit(Number(round(value)), 'ratio');
