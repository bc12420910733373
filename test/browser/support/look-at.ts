import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import axe from 'axe-core';
import type { AxeResults } from 'axe-core';
import type { Page } from 'playwright-core';
import { expect } from 'vitest';

const DIRECTORY = fileURLToPath(new URL('../../../test-results/account-page', import.meta.url));
const WIDTHS = [1280, 360];
/** As narrow as a page of 1280 pixels is at 400 % (WCAG 2.2, 1.4.10). */
const NARROWEST = 320;
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/**
 * Looks at the view that is open as people do who see badly, on a screen and on a phone: nothing breaks WCAG 2.2 A and AA, nothing
 * has to be scrolled sideways. Leaves a picture of each in test-results.
 */
export async function lookAt(
  tab: Page,
  view: string,
  themes: readonly ('light' | 'dark')[] = ['light'],
): Promise<void> {
  await mkdir(DIRECTORY, { recursive: true });
  const language = await tab.locator('html').getAttribute('lang');
  await tab.evaluate(axe.source);
  for (const theme of themes) {
    await tab.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    for (const width of WIDTHS) {
      await tab.setViewportSize({ width, height: 800 });
      await tab.screenshot({ path: `${DIRECTORY}/${view}.${language}.${theme}.${width}.png`, fullPage: true });
    }
    const { violations } = await tab.evaluate<AxeResults>(
      `axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })`,
    );
    const found = violations.map(({ id, nodes }) => [id, ...nodes.map(({ failureSummary }) => failureSummary)]);
    expect.soft(found, `${view}, ${theme}`).toEqual([]);
  }
  await tab.setViewportSize({ width: NARROWEST, height: 740 });
  const overhang = await tab.evaluate<number>('document.documentElement.scrollWidth - innerWidth');
  expect.soft(overhang, `${view} is wider than ${NARROWEST} pixels`).toBeLessThanOrEqual(0);
  await tab.setViewportSize({ width: 1280, height: 800 });
  await tab.emulateMedia({ colorScheme: 'light' });
}
