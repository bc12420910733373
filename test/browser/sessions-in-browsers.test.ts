import type { Locator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/people.ts';
import { startAccountPage } from './support/account-page.ts';
import type { AccountPage } from './support/account-page.ts';
import { lookAt } from './support/look-at.ts';
import { startSite } from './support/site.ts';

/** To a browser another port is the same site: it sends the cookie there. */
const HOSTS = ['localhost', 'evil.localhost'];
const TABS = 5;
const ROUNDS = 5;
/** Bytes over the wire until the first view stands there: a second on a slow phone. */
const LARGEST_FIRST_LOAD = 100_000;

describe('A session in a browser', () => {
  let page: AccountPage;
  beforeAll(async () => (page = await startAccountPage()));
  afterAll(async () => await page?.stop());

  const eventsOf = async (userId: string) =>
    (
      await page.database.query<{ type: string }>(
        "select type from auth.outbox_events where user_id = $1 and type like 'session.%' order by id",
        [userId],
      )
    ).map(({ type }) => type);

  it('leaves scripts nothing to take: cookies that they cannot read, a key that cannot be exported, no token in any storage', async () => {
    const { secondLogin } = await page.newHolder();
    const { tab, profile } = await page.logIn(secondLogin);
    await tab.getByRole('combobox', { name: 'Language', exact: true }).selectOption('ru');

    expect(await tab.evaluate('document.cookie')).toBe('');
    const cookies = await profile.cookies();
    expect(cookies.map(({ name }) => name).sort()).toEqual(['__Host-device_token', '__Host-refresh_token']);
    for (const cookie of cookies) {
      expect(cookie).toMatchObject({
        domain: 'localhost',
        path: '/',
        httpOnly: true,
        secure: true,
        sameSite: 'Strict',
      });
    }
    const days = (name: string) =>
      (cookies.find((cookie) => cookie.name === name)!.expires - Date.now() / 1000) / 86_400;
    expect(days('__Host-refresh_token')).toBeCloseTo(7, 1);
    expect(days('__Host-device_token')).toBeCloseTo(365, 1);

    const stored = await tab.evaluate<StoredInBrowser>(READ_ALL_STORAGE);
    expect(stored.local).toEqual({ language: 'ru' });
    expect(stored.session).toEqual({});
    expect(stored.caches).toEqual([]);
    expect(stored.databases).toEqual([
      { kind: 'CryptoKey', type: 'public', extractable: true },
      { kind: 'CryptoKey', type: 'private', extractable: false },
    ]);
    await page.expectPeace();
  });

  it(`goes on in ${TABS} tabs that are loaded anew at once, ${ROUNDS} times: nobody is logged out`, async () => {
    const { secondLogin, userId } = await page.newHolder();
    const { profile, tab } = await page.logIn(secondLogin);
    const before = await page.liveSessionsOf(userId);
    const tabs = [tab, ...(await Promise.all(Array.from({ length: TABS - 1 }, () => profile.newPage())))];
    const allAreIn = () => Promise.all(tabs.map((each) => each.getByText('This device').waitFor()));
    await Promise.all(tabs.map((each) => each.goto('/account')));
    await allAreIn();
    for (let round = 1; round <= ROUNDS; round++) {
      await Promise.all(tabs.map((each) => each.reload()));
      await allAreIn();
    }
    expect(await page.liveSessionsOf(userId)).toEqual(before);
    expect((await eventsOf(userId)).filter((type) => type !== 'session.started')).toEqual([]);

    // Whoever logs out in one tab has logged out in all.
    await tab.getByRole('button', { name: 'Log out', exact: true }).click();
    await Promise.all(tabs.map((each) => each.getByRole('heading', { name: 'Log in', exact: true }).waitFor()));
    expect((await profile.cookies()).map(({ name }) => name)).toEqual(['__Host-device_token']);
    await page.expectPeace();
  });

  it(`goes on in ${TABS} tabs whose owner is impatient: loaded anew before they have answered`, async () => {
    const { secondLogin, userId } = await page.newHolder();
    const { profile, tab } = await page.logIn(secondLogin);
    const tabs = [tab, ...(await Promise.all(Array.from({ length: TABS - 1 }, () => profile.newPage())))];
    await Promise.all(tabs.map((each) => each.goto('/account')));
    for (let round = 1; round <= 15; round++) {
      // A tab may be between two documents just then.
      for (let wave = 1; wave <= 4; wave++)
        await Promise.all(tabs.map((each) => each.reload({ waitUntil: 'commit' }).catch(() => undefined)));
      await Promise.all(tabs.map((each) => each.getByText('This device').waitFor()));
    }
    expect((await eventsOf(userId)).filter((type) => type !== 'session.started')).toEqual([]);
    await page.expectPeace();
  }, 120_000);

  it('is of no use to whoever has copied the cookie, and its owner goes on', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const owner = await page.logIn(secondLogin);
    const thief = await page.newVisitor();
    await thief.profile.addCookies(await owner.profile.cookies());
    await thief.goTo('/account');
    await thief.sees('Log in');
    await thief.tab.getByText('This browser has lost its key. Log in again.').waitFor();
    await lookAt(thief.tab, 'log-in-with-a-copied-cookie');
    expect(await eventsOf(userId)).toContain('session.refresh_refused');

    await owner.tab.reload();
    await owner.sees('Sessions');
    expect(await page.liveSessionsOf(userId)).toHaveLength(2);
    await page.expectPeace();
  });

  it('is out of the reach of other pages in the same browser, on the same site and on others', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const owner = await page.logIn(secondLogin);
    const paths = ['/auth.v1.AuthService/Refresh', '/auth.v1.AuthService/Logout'];
    const forms = Object.fromEntries(
      paths.map((path, index) => [
        `/form-${index}`,
        `<!doctype html><title>A form</title><link rel="icon" href="data:,">
         <form method="post" action="${page.url}${path}" enctype="text/plain"><input name='{"a":"' value='"}'></form>`,
      ]),
    );
    const site = await startSite({
      '/': '<!doctype html><title>A page</title><link rel="icon" href="data:,">',
      ...forms,
    });
    try {
      // The owner's page has asked for all that it shows.
      await owner.tab.waitForLoadState('networkidle');
      const before = page.service.logLines.length;
      for (const host of HOSTS) {
        const tab = await owner.profile.newPage();
        await tab.goto(`${site.at(host)}/`);
        for (const path of paths) {
          const outcomes = await tab.evaluate<string[]>(`Promise.all([
            { mode: 'no-cors', headers: { 'content-type': 'text/plain' } },
            { headers: { 'content-type': 'application/json' } },
            { headers: { 'content-type': 'application/json', 'x-token-transport': 'cookie' } },
          ].map((init) => fetch('${page.url}${path}', { method: 'POST', credentials: 'include', body: '{}', ...init })
            .then(({ type }) => type, () => 'failed')))`);
          expect(outcomes, `${path} from ${host}`).toEqual(['opaque', 'failed', 'failed']);
        }
        for (const path of Object.keys(forms)) {
          await tab.goto(`${site.at(host)}${path}`);
          await Promise.all([tab.waitForEvent('load'), tab.evaluate('document.forms[0].submit()')]);
          expect(await tab.locator('body').innerText()).toContain('ORIGIN_NOT_ALLOWED');
        }
        await tab.close();
      }
      const refused = page.service.logLines.slice(before).map(({ reason }) => reason);
      expect(new Set(refused)).toEqual(new Set(['ORIGIN_NOT_ALLOWED']));
    } finally {
      await site.stop();
    }
    await owner.tab.reload();
    await owner.sees('Sessions');
    expect(await page.liveSessionsOf(userId)).toHaveLength(2);
    await page.expectPeace({ complaints: /40[34]|CORS|ERR_FAILED/, origins: HOSTS.map((host) => site.at(host)) });
  });

  it('is begun and ended by keyboard alone', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const { tab, goTo, sees, hears } = await page.newVisitor();
    await goTo('/login');
    await sees('Log in');
    await tabTo(tab.getByLabel('Phone, e-mail or login', { exact: true }));
    await tab.keyboard.type(secondLogin);
    await tabTo(tab.getByLabel('Password', { exact: true }));
    await tab.keyboard.type(PASSWORD);
    await tab.keyboard.press('Enter');
    await sees('Sessions');
    const end = tab.getByRole('button', { name: 'End Unknown device' });
    await end.waitFor();
    await tabTo(end);
    await lookAt(tab, 'sessions-by-keyboard', ['light', 'dark']);
    await tab.keyboard.press('Enter');
    await hears('The session on Unknown device was ended.');
    expect(await page.liveSessionsOf(userId)).toHaveLength(1);
    await tabTo(tab.getByRole('link', { name: 'Leave', exact: true }));
    await tab.keyboard.press('Enter');
    await sees('Leave');
    await tabTo(tab.getByRole('button', { name: 'Close the account' }));
    await tab.keyboard.press('Space');
    await tab.getByRole('dialog').waitFor();
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await tabTo(tab.getByRole('button', { name: 'Log out here' }));
    await tab.keyboard.press('Space');
    await sees('Log in');
    await page.expectPeace();
  });

  it(`begins with at most ${LARGEST_FIRST_LOAD / 1000} kB over the wire, and says that it is busy where answers are slow`, async () => {
    const { secondLogin } = await page.newHolder();
    const { tab, profile, goTo, sees, fill, press } = await page.newVisitor();
    const network = await profile.newCDPSession(tab);
    let bytes = 0;
    network.on('Network.loadingFinished', ({ encodedDataLength }) => (bytes += encodedDataLength));
    await network.send('Network.enable');
    await goTo('/');
    await sees('Log in');
    expect(bytes).toBeGreaterThan(10_000);
    expect(bytes).toBeLessThan(LARGEST_FIRST_LOAD);

    await network.send('Network.emulateNetworkConditions', {
      offline: false,
      latency: 1500,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    await fill('Phone, e-mail or login', secondLogin);
    await fill('Password', PASSWORD);
    await press('Log in');
    await tab.locator('button[aria-busy="true"]').waitFor();
    await lookAt(tab, 'log-in-under-way');
    await sees('Sessions');
    await page.expectPeace();
  });

  it('finds its way back from an address that leads nowhere, and to where its owner wanted to be before he had to log in', async () => {
    const { secondLogin } = await page.newHolder();
    const { tab, goTo, sees, fill, press, follow } = await page.newVisitor();
    await goTo('/account?section=profile');
    await sees('Log in');
    // What was typed stays from one way in to the next.
    await fill('Phone, e-mail or login', secondLogin);
    await press('Log in with a code');
    await sees('Log in with a code');
    await press('Log in with a password');
    await fill('Password', PASSWORD);
    await press('Log in');
    await sees('Profile');
    await goTo('/nowhere');
    await sees('There is nothing here');
    await lookAt(tab, 'nowhere');
    await follow('To the start');
    await sees('Sessions');
    await page.expectPeace({ complaints: /404/ });
  });

  it('outlives a service that is away: the page says so, nobody is logged out, and the next try works', async () => {
    const { secondLogin } = await page.newHolder();
    const { tab, profile, follow, sees, press, hears, row } = await page.logIn(secondLogin);
    const startService = await page.stopService();
    await follow('Contacts');
    await hears(/The service cannot be reached at the moment/);
    await lookAt(tab, 'service-away', ['light', 'dark']);
    expect((await profile.cookies()).map(({ name }) => name)).toContain('__Host-refresh_token');
    await startService();
    await press('Try again');
    await row(secondLogin).waitFor();

    // The page is there, and cannot find out who is in front of it.
    await tab.route('**/auth.v1.AuthService/Refresh', (route) => route.abort('connectionreset'));
    await tab.reload();
    await sees('The service does not answer');
    await lookAt(tab, 'service-away-at-the-start', ['light', 'dark']);
    await tab.unrouteAll();
    await press('Try again');
    await sees('Contacts');
    await page.expectPeace({ complaints: /ERR_CONNECTION_RE(FUSED|SET)/ });
  });
});

type Matchable = { readonly matches: (selector: string) => boolean };

/** Goes there as people without a mouse do. */
async function tabTo(target: Locator): Promise<void> {
  const isThere = () => target.evaluate((element) => (element as unknown as Matchable).matches(':focus'));
  for (let steps = 0; steps < 60; steps++) {
    if (await isThere()) return;
    await target.page().keyboard.press('Tab');
  }
  throw new Error(`The key Tab does not lead to ${target}.`);
}

type StoredInBrowser = {
  readonly local: Record<string, string>;
  readonly session: Record<string, string>;
  readonly caches: readonly string[];
  /** What lies in IndexedDB, without the objects around it. */
  readonly databases: readonly unknown[];
};

const READ_ALL_STORAGE = `(async () => {
  const answer = (request) => new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
  const leaves = (value) => value instanceof CryptoKey
    ? [{ kind: 'CryptoKey', type: value.type, extractable: value.extractable }]
    : value !== null && typeof value === 'object' ? Object.values(value).flatMap(leaves) : [value];
  const databases = [];
  for (const { name } of await indexedDB.databases()) {
    const database = await answer(indexedDB.open(name));
    for (const store of database.objectStoreNames) {
      databases.push(...leaves(await answer(database.transaction(store).objectStore(store).getAll())));
    }
    database.close();
  }
  const kinds = databases.sort((a, b) => String(b.type).localeCompare(String(a.type)));
  return { local: { ...localStorage }, session: { ...sessionStorage }, caches: await caches.keys(), databases: kinds };
})()`;
