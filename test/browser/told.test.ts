import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD } from '../support/people.ts';
import { newEmail } from '../support/registrations.ts';
import { startAccountPage } from './support/account-page.ts';
import type { AccountPage } from './support/account-page.ts';
import { lookAt } from './support/look-at.ts';

const NEW_PASSWORD = 'quite another long password';
/** A name of this machine that is not the page's. */
const OTHER_NAME = 'other.localhost';

describe('People are told', () => {
  let page: AccountPage;
  beforeAll(async () => (page = await startAccountPage()));
  afterAll(async () => await page?.stop());
  /** What the page may complain of in this test, and where it may come from. */
  let expected: Parameters<AccountPage['expectPeace']>[0];
  afterEach(async () => {
    await page?.expectPeace(expected);
    expected = undefined;
  });

  const forgetLogins = async (userId: string) =>
    await page.database.query("update auth.sessions set created_at = now() - interval '6 minutes' where user_id = $1", [
      userId,
    ]);
  const forgetPassword = async (userId: string) =>
    await page.database.query('update accounts.users set password_hash = null where id = $1', [userId]);
  const unconfirm = async (userId: string) =>
    await page.database.query(
      "update accounts.user_contacts set confirmed_at = null, is_primary = false where user_id = $1 and type <> 'second_login'",
      [userId],
    );

  describe('by the question "Is it you?"', () => {
    /** Somebody whom the page is about to ask. */
    async function somebodyAsked(prepare?: (userId: string) => Promise<unknown>) {
      const { secondLogin, phone, userId } = await page.newHolder();
      const visitor = await page.logIn(secondLogin);
      await forgetLogins(userId);
      await prepare?.(userId);
      const email = newEmail();
      await visitor.follow('Contacts');
      await visitor.press('Add a contact');
      await visitor.fill('Phone, e-mail or login', email);
      await visitor.press('Add');
      await visitor.asked('Is it you?');
      return { ...visitor, secondLogin, phone, email, dialog: visitor.tab.getByRole('dialog') };
    }

    it('to type a code, where there is no password', async () => {
      const { tab, dialog, press, fill, hears, phone, email } = await somebodyAsked(forgetPassword);
      await dialog.getByRole('button', { name: 'Send code', exact: true }).waitFor();
      expect(await dialog.getByLabel(/^Password/).count()).toBe(0);
      await lookAt(tab, 'is-it-you-by-code');
      await press('Send code');
      await fill('Code', await page.codeFor(phone));
      await press('Continue');
      await hears(`${email} was added.`);
    });

    it('what they can do first, where there is neither a password nor anywhere to send a code', async () => {
      const { tab, dialog, press } = await somebodyAsked(async (userId) => {
        await forgetPassword(userId);
        await unconfirm(userId);
      });
      await dialog.getByText('There is no way to ask you yet.').waitFor();
      expect(await dialog.getByRole('button').allInnerTexts()).toEqual(['Cancel']);
      await lookAt(tab, 'is-it-you-no-way');
      await press('Cancel');
    });

    it('nothing of the password beside the code, and nothing of the code after a way back', async () => {
      const { dialog, press, fill, hears, secondLogin } = await somebodyAsked();
      await fill(`Password of ${secondLogin}`, 'not the password');
      await press('Continue');
      await hears('The login or the password is wrong.');
      await press('Send me a code instead');
      await dialog.getByLabel('Code', { exact: true }).waitFor();
      expect((await dialog.getByRole('alert').allInnerTexts()).join('')).toBe('');
      await fill('Code', '000000');
      await press('Continue');
      await hears(/^This is not the code that was sent\./);
      await press('Back');
      await dialog.getByLabel(`Password of ${secondLogin}`).waitFor();
      expect((await dialog.getByRole('alert').allInnerTexts()).join('')).toBe('');
      await page.endPauses();
      await press('Send me a code instead');
      await dialog.getByLabel('Code', { exact: true }).waitFor();
      expect((await dialog.getByRole('alert').allInnerTexts()).join('')).toBe('');
    });
  });

  describe('of one try at a time', () => {
    it('a contact that was added is not told beside one that could not be removed, nor beside an empty field', async () => {
      const { secondLogin, userId } = await page.newHolder();
      const { tab, press, fill, follow, hears } = await page.logIn(secondLogin);
      await unconfirm(userId);
      await follow('Contacts');
      const refusal = tab.getByText('This is your last way to log in');
      const remove = async () => {
        await press(`Remove ${secondLogin}`);
        await press('Remove');
        await refusal.waitFor();
      };
      await remove();
      await press(`Remove ${secondLogin}`);
      // A question begins without what came of the one before.
      expect(await refusal.count()).toBe(0);
      await press('Remove');
      await refusal.waitFor();
      const email = newEmail();
      await press('Add a contact');
      await fill('Phone, e-mail or login', email);
      await press('Add');
      await hears(`${email} was added.`);
      expect(await refusal.count()).toBe(0);
      await press('Close');

      await press('Add a contact');
      await press('Add');
      await tab.getByText('Fill this in.').waitFor();
      expect(await tab.getByText(`${email} was added.`).count()).toBe(0);
    });

    it('a password that was changed is not told above an empty field, nor sessions where none were ended', async () => {
      const { secondLogin } = await page.newHolder();
      const { tab, press, fill, follow, hears } = await page.logIn(secondLogin);
      await follow('Password');
      await fill('Current password', PASSWORD);
      await fill('New password', NEW_PASSWORD);
      await press('Change password');
      await hears('Your password was changed. 1 other session was ended.');
      await press('Change password');
      await tab.getByText('Fill this in.').first().waitFor();
      expect(await tab.getByText('Your password was changed.').count()).toBe(0);
      await fill('Current password', NEW_PASSWORD);
      await fill('New password', PASSWORD);
      await press('Change password');
      await hears(/^Your password was changed\.$/);
    });
  });

  it('that nobody knows whether a password was changed, where the answer was lost', async () => {
    expected = { complaints: /ERR_CONNECTION_RESET/ };
    const { secondLogin } = await page.newHolder();
    const { tab, press, fill, follow, hears, sees } = await page.logIn(secondLogin);
    await follow('Password');
    await fill('Current password', PASSWORD);
    await fill('New password', NEW_PASSWORD);
    await tab.route('**/ChangePassword', async (route) => {
      await route.fetch();
      await route.abort('connectionreset');
    });
    await press('Change password');
    await hears(/it is not known whether this was done/);
    expect(await tab.getByText('Nothing is lost').count()).toBe(0);
    await tab.unrouteAll();
    await press('Change password');
    await hears('The current password is wrong.');
    // What only reads has nothing to lose.
    await tab.route('**/ListSessions', (route) => route.abort('connectionreset'));
    await follow('Sessions');
    await sees('Sessions');
    await hears(/Nothing is lost/);
    await tab.unrouteAll();
  });

  it('that nothing was changed, where there was no access token to change it with', async () => {
    expected = { complaints: /ERR_CONNECTION_RESET/ };
    const { secondLogin } = await page.newHolder();
    const { tab, press, fill, follow, hears } = await page.logIn(secondLogin);
    await follow('Password');
    await fill('Current password', PASSWORD);
    await fill('New password', NEW_PASSWORD);
    await tab.clock.install();
    await tab.clock.fastForward('01:00:00');
    await tab.route('**/Refresh', (route) => route.abort('connectionreset'));
    await press('Change password');
    await hears(/Nothing is lost/);
    await tab.unrouteAll();
  });

  it('that the page does not work under this address, where it is opened under another name', async () => {
    const { port } = new URL(page.url);
    expected = { complaints: /403/, origins: [`http://${OTHER_NAME}:${port}`] };
    const { tab, goTo, sees, hears } = await page.newVisitor();
    await goTo('/login');
    await sees('Log in');
    await goTo(`http://${OTHER_NAME}:${port}/`);
    await sees('The page cannot go on');
    await hears(/^This page does not work under this address\./);
    await lookAt(tab, 'wrong-address');
  });

  it('nothing by their browser of forms without a user name: those for passwords have one for who keeps them', async () => {
    const { secondLogin, phone, email, userId } = await page.newHolder();
    const visitor = await page.logIn(secondLogin);
    const { tab, press, fill, follow, sees, hears, goTo } = visitor;
    const advice: string[] = [];
    tab.on('console', (message) => advice.push(message.text()));
    await follow('Password');
    await tab.getByLabel('Current password').waitFor();
    expect(await userNames(tab)).toEqual([secondLogin]);
    await tab.reload();
    await tab.getByLabel('Current password').waitFor();
    await forgetPassword(userId);
    await tab.reload();
    await tab.getByText('With a password you can log in without a code.').waitFor();
    expect(await userNames(tab)).toEqual([secondLogin]);
    await fill('New password', PASSWORD);
    await press('Set password');
    await hears('Your password was set.');
    await press('Log out');
    await sees('Log in');

    await press('Forgot your password?');
    await fill('Phone or e-mail', phone);
    await press('Send');
    await sees('Set a new password');
    await page.codeFor(phone);
    expect(await userNames(tab)).toEqual([phone]);
    await goTo('/login');
    await press('Forgot your password?');
    await fill('Phone or e-mail', email);
    await press('Send');
    await goTo(`/password-reset#token=${await page.linkTokenFor(email)}`);
    await sees('Set a new password');
    // The link does not say whose it is.
    expect(await userNames(tab)).toEqual(['']);
    await fill('New password', NEW_PASSWORD);
    await press('Set password');
    await sees('Log in');
    expect(advice.filter((text) => /username/i.test(text))).toEqual([]);
  });
});

/** Fields for the one who keeps the passwords; nobody else comes across them. */
async function userNames(tab: Page): Promise<string[]> {
  const fields = tab.locator('form:has([autocomplete="new-password"]) input[autocomplete="username"]');
  await fields.first().waitFor({ state: 'attached' });
  for (const field of await fields.all()) {
    expect(await field.getAttribute('tabindex')).toBe('-1');
    expect(await field.getAttribute('aria-hidden')).toBe('true');
    expect(await field.getAttribute('readonly')).not.toBeNull();
    expect(await field.boundingBox()).toMatchObject({ width: 1, height: 1 });
  }
  return await Promise.all((await fields.all()).map((field) => field.inputValue()));
}
