import { z } from 'zod';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A setting such as `30s`, `15m`, `12h` or `7d`, as milliseconds. */
export function duration(bounds: { atLeast: string; atMost: string }) {
  const [low, high] = [toMilliseconds(bounds.atLeast), toMilliseconds(bounds.atMost)];
  return z.string().transform((text, context) => {
    const value = toMilliseconds(text);
    if (Number.isNaN(value)) {
      context.addIssue({ code: 'custom', message: 'must be a number with a unit: ms, s, m, h or d' });
      return z.NEVER;
    }
    if (value < low || value > high) {
      context.addIssue({ code: 'custom', message: `must be from ${bounds.atLeast} to ${bounds.atMost}` });
      return z.NEVER;
    }
    return value;
  });
}

function toMilliseconds(text: string): number {
  const match = /^(\d{1,9})(ms|s|m|h|d)$/.exec(text);
  return match ? Number(match[1]) * UNITS[match[2] as keyof typeof UNITS] : Number.NaN;
}
