import type { Figure } from '../figure.ts';

/** Whether a value is on the right side of its figure's bar; null: it has none. */
export function reachesBar({ atLeast, atMost }: Pick<Figure, 'atLeast' | 'atMost'>, value: number): boolean | null {
  if (atLeast !== undefined) return value >= atLeast;
  if (atMost !== undefined) return value <= atMost;
  return null;
}

export function barText({ atLeast, atMost }: Pick<Figure, 'atLeast' | 'atMost'>): string {
  if (atLeast !== undefined) return `at least ${atLeast.toLocaleString('en-GB').replaceAll(',', ' ')}`;
  if (atMost !== undefined) return `at most ${atMost}`;
  return '';
}
