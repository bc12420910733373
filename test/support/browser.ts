import { chromium } from 'playwright-core';
import type { BrowserContext, BrowserContextOptions, Page } from 'playwright-core';
import { ensureChromium } from './ensure-chromium.ts';

export type TestBrowser = Awaited<ReturnType<typeof startBrowser>>;

/** What pages have complained about, and what they have asked of whom. */
type Watched = {
  /** Errors and warnings on the console, errors that nobody has caught, what the policy of the page has forbidden. */
  readonly complaints: readonly string[];
  /** Origins that something was asked of. */
  readonly origins: ReadonlySet<string>;
};

/**
 * A real browser, without a window. Every name leads to this machine, so nothing it does can leave it, and tests have as many
 * origins as they like: http://app.example.test:1234 is port 1234 here.
 *
 * Its requests are watched and never intercepted: where they are, Playwright answers preflights in the server's place and turns
 * the cache off.
 */
export async function startBrowser() {
  const browser = await chromium.launch({
    executablePath: ensureChromium(),
    // It needs a sandbox that root cannot have.
    chromiumSandbox: process.geteuid?.() !== 0,
    args: ['--disable-gpu', '--disable-quic', '--host-resolver-rules=MAP * 127.0.0.1'],
  });
  return {
    /** A browser that nobody has used yet: no cookies, no storage. */
    async newProfile(options: BrowserContextOptions = {}): Promise<{ profile: BrowserContext; watched: Watched }> {
      const profile = await browser.newContext(options);
      const complaints: string[] = [];
      const origins = new Set<string>();
      const watch = (page: Page) => {
        page.on('console', (message) => {
          if (['error', 'warning'].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
        });
        page.on('pageerror', (error) => complaints.push(`uncaught: ${error.message}`));
      };
      profile.on('page', watch);
      profile.on('request', (request) => {
        const url = new URL(request.url());
        if (url.protocol !== 'data:') origins.add(url.origin);
      });
      return { profile, watched: { complaints, origins } };
    },
    close: () => browser.close(),
  };
}
