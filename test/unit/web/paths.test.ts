import { expect, it } from 'vitest';
import { VIEWS } from '../../../src/gateway/page.ts';
import { PATHS } from '../../../src/web/paths.ts';

it('The gateway serves the page where the page has a view, and nowhere else', () => {
  expect([...PATHS].sort()).toEqual([...VIEWS].sort());
});
