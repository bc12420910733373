import { barText, reachesBar } from './bar.ts';
import type { Measurement } from './measurement.ts';
import { withUnit } from './number-text.ts';

const WIDTH = 960;
const ROW = 34;
const TOP = 76;
const BOTTOM = 48;
/** Where the bars begin, and how wide one is that just reaches its figure's bar. */
const LEFT = 268;
const UNIT_WIDTH = 190;
/** Bars end here; what is further says so by an arrow. */
const FURTHEST = 2.2;

/** Light and dark with a ground of its own each, so that it can be read on any page. */
const STYLE = `
  text { font: 13px ui-sans-serif, system-ui, sans-serif; fill: #1f2328; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; font-size: 12px; }
  .ground { fill: #ffffff; }
  .reached { fill: #4f8f6b; }
  .missed { fill: #c4623a; }
  .bar { stroke: #1f2328; stroke-width: 1.5; }
  .spread { stroke: #1f2328; stroke-width: 1.2; opacity: 0.75; fill: none; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .ground { fill: #0d1117; }
    .reached { fill: #4c9a73; }
    .missed { fill: #d0744c; }
    .bar, .spread { stroke: #e6edf3; }
  }`;

/**
 * The results as a picture: how far each value is on the right side of its bar. A figure that is to be small is turned over,
 * so that longer is better in every row.
 */
export function plotResults(measurements: readonly Measurement[]): string {
  const rows = measurements.filter(({ figure, result }) => reachesBar(figure, result.value) !== null);
  const height = TOP + rows.length * ROW + BOTTOM;
  const bottom = TOP + rows.length * ROW;
  const x = LEFT + UNIT_WIDTH;
  const title = 'What npm run bench measures, against its bars';
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="${title}">
<style>${STYLE}
</style>
<rect class="ground" width="${WIDTH}" height="${height}" rx="6"/>
<text class="title" x="20" y="32">${title}</text>
<text class="quiet" x="20" y="54">Longer is better: value over bar, or bar over value where the value is to be small.</text>
${rows.map((row, index) => plotRow(row, TOP + index * ROW)).join('\n')}
<line class="bar" x1="${x}" y1="${TOP - 6}" x2="${x}" y2="${bottom + 4}"/>
<text class="quiet" x="${x}" y="${bottom + 20}" text-anchor="middle">the bar</text>
<text class="quiet" x="20" y="${bottom + 36}">Thin lines: the furthest rounds of the run. An arrow: further than there is room for.</text>
</svg>
`;
}

function plotRow({ figure, result: { value, unit, spread } }: Measurement, y: number): string {
  const score = (of: number) => (figure.atLeast === undefined ? (figure.atMost ?? 0) / of : of / figure.atLeast);
  const at = (of: number) => Math.round(LEFT + Math.min(FURTHEST, Math.max(0, score(of))) * UNIT_WIDTH);
  const middle = y + ROW / 2;
  const ends = (spread ?? [value, value]).map(at);
  const [from, to] = [Math.min(...ends), Math.max(...ends)];
  const arrow = score(value) > FURTHEST ? `<text x="${at(value) + 3}" y="${middle + 4}">&#8594;</text>` : '';
  return [
    `<text x="${LEFT - 12}" y="${middle + 4}" text-anchor="end">${figure.name}</text>`,
    `<rect class="${reachesBar(figure, value) ? 'reached' : 'missed'}" x="${LEFT}" y="${y + 7}" width="${at(value) - LEFT}" height="${ROW - 14}" rx="2"/>`,
    `<path class="spread" d="M${from} ${middle - 4}v8M${from} ${middle}H${to}M${to} ${middle - 4}v8"/>`,
    arrow,
    `<text x="${LEFT + FURTHEST * UNIT_WIDTH + 26}" y="${middle + 4}">${withUnit(value, unit)} <tspan class="quiet">(${barText(figure)})</tspan></text>`,
  ]
    .filter((line) => line !== '')
    .join('\n');
}
