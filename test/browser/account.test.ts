import { randomUUID } from 'node:crypto';
import type { Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { PASSWORD, newPerson } from '../support/people.ts';
import { newEmail } from '../support/registrations.ts';
import { startAccountPage } from './support/account-page.ts';
import type { AccountPage } from './support/account-page.ts';
import { lookAt } from './support/look-at.ts';
import { createVisitor } from './support/visitor.ts';

const NEW_PASSWORD = 'quite another long password';
const ANDROID =
  'Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Mobile Safari/537.36';

describe('On the account page', () => {
  let page: AccountPage;
  beforeAll(async () => (page = await startAccountPage()));
  afterAll(async () => await page?.stop());
  afterEach(async () => await page?.expectPeace());

  const contactsOf = async (userId: string) =>
    await page.database.query(
      `select value, is_primary, confirmed_at is not null as is_confirmed
         from accounts.user_contacts where user_id = $1 and is_active order by value like '+%' desc, value like '%@%' desc`,
      [userId],
    );

  it('people see where they are logged in, end one session, and all others', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const phone = await page.logIn(secondLogin, { userAgent: ANDROID });
    const laptop = await page.logIn(secondLogin);
    await laptop.row('This device').getByText('Moscow, Russia').waitFor();
    await laptop
      .row(/Android/)
      .getByText('Moscow, Russia')
      .waitFor();
    await lookAt(laptop.tab, 'sessions', ['light', 'dark']);
    await laptop
      .row(/Android/)
      .getByRole('button')
      .click();
    await laptop.hears(/The session on .*Android.* was ended\./);
    await phone.follow('Contacts');
    await phone.sees('Log in');
    await phone.tab.getByText(/ended/).first().waitFor();
    await lookAt(phone.tab, 'logged-out-from-elsewhere');

    const third = await page.logIn(secondLogin);
    await laptop.tab.reload();
    await laptop.press('End all other sessions');
    await laptop.asked('End all other sessions?');
    await laptop.press('End all other sessions');
    // The one of the registration, too.
    await laptop.hears('2 sessions were ended.');
    expect(await page.liveSessionsOf(userId)).toHaveLength(1);
    await third.tab.reload();
    await third.sees('Log in');
  });

  it('contacts are added, confirmed, made primary, and removed', async () => {
    const { secondLogin, phone, email, userId } = await page.newHolder();
    const [newPhone, newMail] = [newPerson().phone, newEmail()];
    const visitor = await page.logIn(secondLogin);
    const { tab, goTo, press, fill, follow, sees, hears } = visitor;
    await follow('Contacts');
    await sees('Contacts');
    await press('Add a contact');
    await fill('Phone, e-mail or login', newPhone);
    await lookAt(tab, 'add-contact');
    await press('Add');
    await visitor.asked(`Replace ${phone}?`);
    await lookAt(tab, 'replace-contact', ['light', 'dark']);
    await press('Replace');
    await visitor.asked('Confirm contact');
    // The code stays good when the dialog is closed and opened again.
    await tab.getByRole('button', { name: /^Send again in/ }).waitFor();
    await tab.keyboard.press('Escape');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await press(`Confirm ${newPhone}`);
    await tab.getByRole('button', { name: /^Send again in/ }).waitFor();
    await hasFocus(tab, 'Code');
    await fill('Code', await page.codeFor(newPhone));
    await press('Confirm');
    await hears(`${newPhone} is confirmed.`);
    await visitor.row(newPhone).getByText('Not confirmed').waitFor({ state: 'detached' });
    // A phone takes the place of the one before.
    await visitor.row(phone).waitFor({ state: 'detached' });

    await press('Add a contact');
    await fill('Phone, e-mail or login', newMail);
    await press('Add');
    await visitor.asked('Confirm contact');
    const token = await page.linkTokenFor(newMail);
    await press('Close');
    await visitor.row(newMail).getByText('Not confirmed').waitFor();
    await lookAt(tab, 'contacts-of-many-kinds', ['light', 'dark']);
    await goTo(`/contact-confirmation#token=${token}`);
    await hears(`${newMail} is confirmed.`);
    await follow('To your contacts');
    await press(`Make primary ${newMail}`);
    await hears(`${newMail} is primary now.`);
    await press(`Remove ${email}`);
    await visitor.asked(`Remove ${email}?`);
    await press('Remove');
    await hears(`${email} was removed.`);
    expect(await contactsOf(userId)).toEqual([
      { value: newPhone, is_primary: true, is_confirmed: true },
      { value: newMail, is_primary: true, is_confirmed: true },
      { value: secondLogin, is_primary: true, is_confirmed: true },
    ]);
  });

  it('a password is changed, which ends the sessions elsewhere', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const elsewhere = await page.logIn(secondLogin);
    const { tab, press, fill, follow, sees, hears } = await page.logIn(secondLogin);
    await follow('Password');
    await sees('Password');
    await lookAt(tab, 'password');
    await fill('Current password', 'not the password');
    await fill('New password', NEW_PASSWORD);
    await press('Change password');
    await tab.getByRole('alert').getByText(/wrong/).waitFor();
    await fill('Current password', PASSWORD);
    await fill('New password', NEW_PASSWORD);
    await press('Change password');
    await hears('Your password was changed. 2 other sessions were ended.');
    expect(await page.liveSessionsOf(userId)).toHaveLength(1);
    await elsewhere.follow('Contacts');
    await elsewhere.sees('Log in');
    await tab.reload();
    await sees('Password');
  });

  it('whoever has only ever logged in with codes sets a first password, and changes it after that', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const { tab, press, fill, follow, hears } = await page.logIn(secondLogin);
    await page.database.query('update accounts.users set password_hash = null where id = $1', [userId]);
    await follow('Password');
    await tab.getByText('With a password you can log in without a code.').waitFor();
    await lookAt(tab, 'first-password');
    expect(await tab.getByLabel('Current password').count()).toBe(0);
    await fill('New password', PASSWORD);
    await press('Set password');
    await hears('Your password was set.');
    await fill('Current password', PASSWORD);
    await fill('New password', NEW_PASSWORD);
    await press('Change password');
    await hears(/^Your password was changed/);

    // In another tab, while this one still asks for the current one.
    await page.database.query('update accounts.users set password_hash = null where id = $1', [userId]);
    await fill('Current password', NEW_PASSWORD);
    await fill('New password', PASSWORD);
    await press('Change password');
    await tab.getByRole('alert').getByText('Your account has no password yet.').waitFor();
    await press('Set password');
    await hears('Your password was set.');
  });

  it('what needs a login of the last minutes asks for one, and then goes on by itself', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const visitor = await page.logIn(secondLogin);
    const { tab, press, fill, follow, sees, hears } = visitor;
    await page.database.query("update auth.sessions set created_at = now() - interval '6 minutes' where user_id = $1", [
      userId,
    ]);
    await follow('Contacts');
    await sees('Contacts');
    await press('Add a contact');
    const added = `another-${secondLogin}`;
    await fill('Phone, e-mail or login', added);
    await press('Add');
    await press('Replace');
    await visitor.asked('Is it you?');
    await hasFocus(tab, `Password of ${secondLogin}`);
    await lookAt(tab, 'is-it-you', ['light', 'dark']);
    await press('Cancel');
    await hears('You have to log in once more for this. Nothing was changed.');
    await press('Add');
    await press('Replace');
    await visitor.asked('Is it you?');
    await fill(`Password of ${secondLogin}`, PASSWORD);
    await press('Continue');
    await hears(`${added} was added.`);
    expect((await contactsOf(userId)).map(({ value }) => value)).toContain(added);
    // The new session takes the place of the one before.
    expect(await page.liveSessionsOf(userId)).toHaveLength(2);
  });

  it('roles are shown, a profile is written, language and theme are chosen and stay', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const { tab, press, fill, follow, sees, hears } = await page.logIn(secondLogin);
    await follow('Roles');
    await sees('Roles');
    await tab.getByRole('list', { name: 'Roles' }).getByText('Customer').waitFor();
    await lookAt(tab, 'roles');
    await follow('Profile');
    await sees('Profile');
    await fill('Name (optional)', 'Ada');
    await lookAt(tab, 'profile');
    await press('Save');
    await hears('Your profile was saved.');
    expect(await page.database.query('select display_name from accounts.users where id = $1', [userId])).toEqual([
      { display_name: 'Ada' },
    ]);

    await tab.getByRole('combobox', { name: 'Theme' }).selectOption('dark');
    await tab.getByRole('combobox', { name: 'Language', exact: true }).selectOption('ru');
    await sees('Профиль');
    await hears('Профиль сохранён.');
    expect(await tab.locator('html').getAttribute('lang')).toBe('ru');
    await lookAt(tab, 'profile');
    await tab.reload();
    await sees('Профиль');
    expect(await tab.evaluate('document.documentElement.dataset.theme')).toBe('dark');
  });

  it('staff look a person up and log him out of everything', async () => {
    const { secondLogin, email, phone } = await page.newHolder();
    const staff = await page.newHolder();
    await page.database.query(
      "insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'support')",
      [staff.userId],
    );
    const person = await page.logIn(secondLogin);
    const visitor = await page.logIn(staff.secondLogin);
    const { tab, press, fill, follow, sees, hears } = visitor;
    await follow('Support');
    await sees('Support');
    await fill('Contact', `${randomUUID()}@example.com`);
    await press('Find');
    await hears(/./);
    await fill('Contact', email);
    await press('Find');
    await tab.getByRole('heading', { level: 3, name: 'Sessions' }).waitFor();
    const shown = await tab.locator('main').innerText();
    expect(shown).not.toContain(phone);
    expect(shown).not.toContain(secondLogin);
    expect(shown).not.toContain('203.0.113.7');
    await lookAt(tab, 'support', ['light', 'dark']);
    await press('End all sessions');
    await visitor.asked('End all sessions of this person?');
    await lookAt(tab, 'support-end-all', ['light', 'dark']);
    await press('End all sessions');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await person.follow('Contacts');
    await person.sees('Log in');
  });

  it('an account is closed after a question, and nobody gets in any more', async () => {
    const { secondLogin, userId } = await page.newHolder();
    const visitor = await page.logIn(secondLogin);
    const { tab, press, follow, fill, sees, hears } = visitor;
    await follow('Leave');
    await sees('Leave');
    await lookAt(tab, 'log-out');
    await press('Close the account');
    await visitor.asked('Close your account?');
    await lookAt(tab, 'close-account');
    // Not the button that closes it for good.
    await hasFocus(tab, 'Cancel');
    await press('Cancel');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await press('Close the account');
    await press('Close my account');
    await sees('Log in');
    await tab.getByText('Your account is closed.').waitFor();
    expect(await page.liveSessionsOf(userId)).toEqual([]);
    await fill('Phone, e-mail or login', secondLogin);
    await fill('Password', PASSWORD);
    await press('Log in');
    await hears('The login or the password is wrong.');
  });

  it('a question is not left to the next person, and what was asked for is not done to his account', async () => {
    const [ada, bob] = [await page.newHolder(), await page.newHolder()];
    const visitor = await page.logIn(ada.secondLogin);
    const { tab, profile, press, fill, follow } = visitor;
    await page.database.query("update auth.sessions set created_at = now() - interval '6 minutes' where user_id = $1", [
      ada.userId,
    ]);
    await follow('Contacts');
    await press('Add a contact');
    await fill('Phone, e-mail or login', newEmail());
    await press('Add');
    await visitor.asked('Is it you?');

    const other = createVisitor(await profile.newPage());
    await other.goTo('/account');
    await other.press('Log out');
    await other.sees('Log in');
    await visitor.sees('Log in');
    await tab.getByRole('dialog').waitFor({ state: 'detached' });
    await fill('Phone, e-mail or login', bob.secondLogin);
    await fill('Password', PASSWORD);
    await press('Log in');
    // Where the page was.
    await visitor.sees('Contacts');
    await visitor.row(bob.secondLogin).waitFor();
    await other.sees('Sessions');
    expect(await tab.getByRole('dialog').count()).toBe(0);
    expect(await contactsOf(bob.userId)).toHaveLength(3);
    expect(await contactsOf(ada.userId)).toHaveLength(3);
  });

  it('staff end the sessions of the one whom they see, however late the answer about the one before comes', async () => {
    const [first, second, staff] = [await page.newHolder(), await page.newHolder(), await page.newHolder()];
    await page.database.query(
      "insert into accounts.user_group_memberships (user_id, group_name) values ($1, 'support')",
      [staff.userId],
    );
    const { tab, press, fill, follow, asked } = await page.logIn(staff.secondLogin);
    await follow('Support');
    await fill('Contact', first.email);
    await press('Find');
    await tab.getByText(first.userId).waitFor();
    const { promise: isFree, resolve: free } = Promise.withResolvers<void>();
    await tab.route('**/EndSessionsOfUser', async (route) => {
      await isFree;
      await route.continue();
    });
    const answered = tab.waitForResponse(/EndSessionsOfUser/);
    await tab.getByRole('listitem').getByRole('button').click();
    await fill('Contact', second.email);
    await press('Find');
    await tab.getByText(second.userId).waitFor();
    free();
    await answered;
    await expect.poll(() => page.liveSessionsOf(first.userId)).toEqual([]);
    await press('End all sessions');
    await asked('End all sessions of this person?');
    await press('End all sessions');
    await tab.getByText('Nobody is logged in.').waitFor();
    await tab.getByText(second.userId).waitFor();
    expect(await page.liveSessionsOf(second.userId)).toEqual([]);
    await tab.unrouteAll();
  });

  it('whoever works by keyboard is never thrown back to the beginning', async () => {
    const { secondLogin, email } = await page.newHolder();
    const { tab, fill, follow, hears } = await page.logIn(secondLogin);
    const key = async (name: string | RegExp) => await tab.getByRole('button', { name }).first().press('Enter');
    const result = tab.locator('[role=status] .notice:focus');
    await key(/^End (?!all)/);
    await hears(/^The session on .* was ended/);
    await result.waitFor();
    await follow('Contacts');
    await key('Add a contact');
    await hasFocus(tab, 'Phone, e-mail or login');
    await key('Cancel');
    await hasFocus(tab, 'Add a contact');
    await key(`Remove ${email}`);
    await hasFocus(tab, 'Cancel');
    await tab.getByRole('button', { name: 'Remove', exact: true }).press('Enter');
    await hears(`${email} was removed.`);
    await result.waitFor();
    await follow('Password');
    await fill('Current password', PASSWORD);
    await fill('New password', NEW_PASSWORD);
    await key('Change password');
    await hears(/Your password was changed/);
    await result.waitFor();
  });

  it('the page stands there where a browser keeps nothing, and holds on to its session where a disk is busy for a moment', async () => {
    const { secondLogin } = await page.newHolder();
    const { tab, sees } = await page.logIn(secondLogin);
    await tab.addInitScript(`{
      const open = IDBFactory.prototype.open;
      let isBusy = true;
      IDBFactory.prototype.open = function (...from) {
        if (isBusy) {
          isBusy = false;
          throw new DOMException('busy', 'UnknownError');
        }
        return open.apply(this, from);
      };
      Object.defineProperty(window, 'localStorage', {
        get() {
          throw new DOMException('denied', 'SecurityError');
        },
      });
    }`);
    await tab.reload();
    await sees('Sessions');
    await tab.getByText('This device').waitFor();
    await tab.getByRole('combobox', { name: 'Language', exact: true }).selectOption('ru');
    await sees('Сеансы');
  });
});

async function hasFocus(tab: Page, name: string): Promise<void> {
  const field = tab.getByLabel(name, { exact: true }).or(tab.getByRole('button', { name, exact: true }));
  await field.and(tab.locator(':focus')).waitFor();
}
