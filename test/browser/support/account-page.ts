import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { startBrowser } from '../../support/browser.ts';
import { codeIn, linkTokenIn, startMailServer } from '../../support/mail-server.ts';
import { mmdbOf } from '../../support/mmdb.ts';
import { PASSWORD, registerConfirmed } from '../../support/people.ts';
import { newEmail } from '../../support/registrations.ts';
import { startService } from '../../support/service.ts';
import { startSmsServer } from '../../support/sms-server.ts';
import { createTestDatabase } from '../../support/test-database.ts';
import { createVisitor } from './visitor.ts';

export type AccountPage = Awaited<ReturnType<typeof startAccountPage>>;

type VisitorOptions = { readonly locale?: string; readonly userAgent?: string };

/** Milliseconds until a thing that does not appear fails a test. */
const PATIENCE = 30_000;
/** Where a browser is: what the proxy in front of the gateway says of it. */
const MOSCOW = '203.0.113.7';

/** The account page as it is served, with all that it needs: real messages, real places, a real browser. */
export async function startAccountPage() {
  await using opened = new AsyncDisposableStack();
  const directory = await mkdtemp(path.join(tmpdir(), 'auth-test-page-'));
  opened.defer(() => rm(directory, { recursive: true }));
  const places = path.join(directory, 'places.mmdb');
  const moscow = { country: { iso_code: 'RU' }, city: { names: { en: 'Moscow', ru: 'Москва' } } };
  await writeFile(places, mmdbOf({ '203.0.113.0/24': moscow }));

  const database = await createTestDatabase();
  opened.defer(() => database.drop());
  const mail = await startMailServer();
  opened.defer(() => mail.stop());
  const sms = await startSmsServer();
  opened.defer(() => sms.stop());
  const start = async (gateway: string) =>
    await startService({
      DATABASE_URL: database.serviceUrl,
      GATEWAY_ADDRESS: gateway,
      TRUSTED_PROXIES: '127.0.0.1',
      GEOIP_DATABASE: places,
      PHONE_REGISTRATION: 'on',
      MESSAGES_PER_ADDRESS: '1000',
      ...mail.settings,
      ...sms.settings,
    });
  let service = await start('127.0.0.1:0');
  opened.defer(() => service.stop());
  const browser = await startBrowser();
  opened.defer(() => browser.close());
  const visitsOfTest: Awaited<ReturnType<typeof browser.newProfile>>[] = [];
  const url = service.gatewayUrl;
  const all = opened.move();

  /** Somebody with a browser that nobody has used yet, in Moscow. */
  async function newVisitor({ locale = 'en-GB', userAgent }: VisitorOptions = {}) {
    const visit = await browser.newProfile({
      baseURL: url,
      locale,
      extraHTTPHeaders: { 'x-forwarded-for': MOSCOW },
      ...(userAgent === undefined ? {} : { userAgent }),
    });
    visitsOfTest.push(visit);
    const { profile } = visit;
    profile.setDefaultTimeout(PATIENCE);
    return { ...createVisitor(await profile.newPage()), profile };
  }

  return {
    database,
    get service() {
      return service;
    },
    url,
    /** The next code that somebody is sent; other messages, such as "your contacts were changed", he passes over. */
    codeFor: (phone: string) => nextWith(codeIn, () => sms.waitForSms(phone)),
    /** The token of the next link that somebody is sent. */
    linkTokenFor: (email: string) => nextWith(linkTokenIn, () => mail.waitForMail(email)),
    newVisitor,
    /** Somebody with a confirmed login, phone and address, who is not in a browser yet. */
    newHolder: () => registerConfirmed(service, database, { email: newEmail() }),
    liveSessionsOf: async (userId: string) =>
      await database.query('select id from auth.sessions where user_id = $1 and ended_at is null', [userId]),
    /** Somebody who has logged in, in a browser of his own. */
    async logIn(login: string, options: VisitorOptions = {}) {
      const visitor = await newVisitor(options);
      await visitor.goTo('/login');
      await visitor.fill('Phone, e-mail or login', login);
      await visitor.fill('Password', PASSWORD);
      await visitor.press('Log in');
      await visitor.sees('Sessions');
      return visitor;
    },
    /** The service is away; the function brings it back. */
    async stopService() {
      await service.stop();
      return async () => void (service = await start(`127.0.0.1:${new URL(url).port}`));
    },
    /** As if the pauses between two messages were over. */
    endPauses: () => database.query('update auth.message_quotas set next_at = now()'),
    /**
     * What every test ends with: no page has complained of anything, or has asked anybody else, but for what belongs to the
     * test. Its browsers are closed.
     */
    async expectPeace({ complaints = /^$/, origins = [] }: { complaints?: RegExp; origins?: readonly string[] } = {}) {
      const visits = visitsOfTest.splice(0);
      await Promise.all(visits.map(({ profile }) => profile.close()));
      const watched = visits.map((visit) => visit.watched);
      expect(watched.flatMap((each) => each.complaints).filter((text) => !complaints.test(text))).toEqual([]);
      expect(new Set(watched.flatMap((each) => [...each.origins]))).toEqual(new Set([url, ...origins]));
    },
    stop: () => all.disposeAsync(),
  };
}

/** Reads the first message that has what is looked for. */
async function nextWith<T>(read: (message: T) => string, next: () => Promise<T>): Promise<string> {
  for (;;) {
    const message = await next();
    try {
      return read(message);
    } catch {
      // One of the others.
    }
  }
}
