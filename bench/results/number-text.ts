import type { Unit } from '../figure.ts';

/** Three digits that mean something. */
export function round(detail: number | string): number | string {
  if (typeof detail === 'string') return detail;
  return Math.abs(detail) >= 100 ? Math.round(detail) : Number(detail.toPrecision(3));
}

/** For people: rounded, thousands apart, with its unit. */
export function withUnit(value: number, unit: Unit): string {
  const number = round(value).toLocaleString('en-GB').replaceAll(',', ' ');
  if (unit === 'ratio') return number;
  return unit === '/s' ? `${number}${unit}` : `${number} ${unit}`;
}
