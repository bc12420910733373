import { expect, it } from 'vitest';
import { reasons } from '../../src/errors/reasons.ts';
import { sourceFiles } from '../house/source-files.ts';

/** Raised to a command of the owner, which says it in a sentence; no caller of the service ever sees it. */
const TO_COMMANDS = ['SUPERADMIN_EXISTS', 'AUDIT_TOO_YOUNG'];

const raises = sourceFiles('sql/functions', '.sql').flatMap(({ path, text }) =>
  // Without a word it passes on what was raised, or PostgreSQL fails.
  [...text.matchAll(/\braise\b([^;]+);/g)].map(([, statement = '']) => ({ path, statement })),
);

it('functions raise reasons of the catalogue, in our private SQLSTATE', () => {
  expect(raises.length).toBeGreaterThanOrEqual(3);
  for (const { path, statement } of raises) {
    const word = /^ exception '([A-Z_]+)'\s+using errcode = 'AU001'/.exec(statement)?.[1];
    expect([...Object.keys(reasons), ...TO_COMMANDS], path).toContain(word);
  }
});
