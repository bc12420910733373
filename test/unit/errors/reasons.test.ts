import { Status } from 'nice-grpc-common';
import { describe, expect, it } from 'vitest';
import { reasons } from '../../../src/errors/reasons.ts';

describe('The reasons', () => {
  it.each(Object.entries(reasons))('%s has a public text of one sentence or two', (_, { text }) => {
    expect(text).toMatch(/^[A-Z][A-Za-z ,;-]+\.$/);
  });

  it('have each a text of their own, so that a person can name the one he met', () => {
    const texts = Object.values(reasons).map(({ text }) => text);
    expect(new Set(texts).size).toBe(texts.length);
  });

  it('never use UNKNOWN, and INTERNAL for defects alone: ours, and those of a proxy in front', () => {
    const statuses = Object.entries(reasons).map(([reason, { status }]) => [reason, Status[status]]);
    expect(statuses.filter(([, status]) => status === 'UNKNOWN' || status === 'OK')).toEqual([]);
    expect(statuses.filter(([, status]) => status === 'INTERNAL')).toEqual([
      ['ROUTE_MISCONFIGURED', 'INTERNAL'],
      ['INTERNAL', 'INTERNAL'],
    ]);
  });

  it('are logged as errors when the service or its set-up is at fault, and only then', () => {
    const errors = Object.entries(reasons).filter(([, { level }]) => level === 'error');
    expect(errors.map(([reason]) => reason).sort()).toEqual([
      'DEPENDENCY_UNAVAILABLE',
      'INTERNAL',
      'ROUTE_MISCONFIGURED',
    ]);
  });
});
