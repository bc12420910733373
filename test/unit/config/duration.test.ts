import { describe, expect, it } from 'vitest';
import { duration } from '../../../src/config/duration.ts';

const schema = duration({ atLeast: '10s', atMost: '7d' });

describe('A duration', () => {
  it.each([
    ['10s', 10_000],
    ['10000ms', 10_000],
    ['15m', 900_000],
    ['12h', 43_200_000],
    ['7d', 604_800_000],
  ])('%s is %i milliseconds', (text, milliseconds) => {
    expect(schema.parse(text)).toBe(milliseconds);
  });

  it.each(['', '10', 's', '-10s', '1.5h', '10 s', '10S', '1w', '10s ', '1e3s', '9s', '8d', '9999999999s'])(
    '"%s" is none, or not within the bounds',
    (text) => {
      expect(schema.safeParse(text).success).toBe(false);
    },
  );
});
