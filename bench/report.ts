import type { Figure, Result } from './figure.ts';
import { barText, reachesBar } from './results/bar.ts';
import { round, withUnit } from './results/number-text.ts';
import type { Pinning } from './servers/pinning.ts';

/** Gathers results: each goes to stdout at once as a line of JSON, all of them to stderr as a table at the end. */
export type Report = {
  readonly add: (figure: Figure, result: Result) => void;
  readonly addFailure: (figure: Figure, error: unknown) => void;
  /** Prints the table. @returns whether every bar was reached and every figure measured */
  readonly finish: () => boolean;
};

type Row = readonly [figure: string, value: string, spread: string, bar: string, details: string];

export function createReport(pinning: Pinning): Report {
  const rows: Row[] = [['figure', 'value', 'min..max', 'bar', '']];
  let isGood = true;

  return {
    add(figure, { value, unit, spread, details }) {
      const { name, about, atLeast, atMost } = figure;
      const isReached = reachesBar(figure, value);
      isGood &&= isReached !== false;
      console.log(
        JSON.stringify({
          figure: name,
          value: round(value),
          unit,
          ...(atLeast === undefined ? {} : { at_least: atLeast }),
          ...(atMost === undefined ? {} : { at_most: atMost }),
          ...(isReached === null ? {} : { reached: isReached }),
          ...(spread ? { min: round(spread[0]), max: round(spread[1]) } : {}),
          ...Object.fromEntries(Object.entries(details).map(([key, detail]) => [key, round(detail)])),
          pinned: pinning.isPinned,
          about,
        }),
      );
      rows.push([
        name,
        withUnit(value, unit),
        spread ? `${round(spread[0])}..${round(spread[1])}` : '',
        isReached === null ? '' : `${isReached ? 'reached' : 'MISSED'} ${barText(figure)}`,
        Object.entries(details)
          .map(([key, detail]) => `${key.replaceAll('_', ' ')} ${round(detail)}`)
          .join(', '),
      ]);
    },
    addFailure({ name }, error) {
      isGood = false;
      console.error(error);
      rows.push([name, 'FAILED', '', '', error instanceof Error ? error.message.split('\n', 1).join('') : '']);
    },
    finish() {
      const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
      const lines = rows.map((row) =>
        row
          .map((cell, column) => cell.padEnd(widths[column] ?? 0))
          .join('  ')
          .trimEnd(),
      );
      console.error(`\n${lines.join('\n')}\n\n${pinning.description}`);
      return isGood;
    },
  };
}
