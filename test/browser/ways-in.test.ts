import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { foundOrganisation, invite } from '../support/organisations.ts';
import { PASSWORD, newPerson } from '../support/people.ts';
import { newEmail } from '../support/registrations.ts';
import { startAccountPage } from './support/account-page.ts';
import type { AccountPage } from './support/account-page.ts';
import { lookAt } from './support/look-at.ts';

const NEW_PASSWORD = 'quite another long password';

/** The ways in as people go them in a browser: what they see, what they type, real mails and text messages. */
describe('The account page', () => {
  let page: AccountPage;
  beforeAll(async () => (page = await startAccountPage()));
  afterAll(async () => await page?.stop());
  afterEach(async () => await page?.expectPeace());

  it('opens an account, confirms its phone, and lets its owner in by password and by code', async () => {
    const person = newPerson({ email: newEmail() });
    const visitor = await page.newVisitor();
    const { tab, goTo, sees, fill, press, follow, hears } = visitor;
    await goTo('/');
    await sees('Log in');
    await lookAt(tab, 'log-in', ['light', 'dark']);

    await follow('Create an account');
    await sees('Create an account');
    await fill('Login', person.secondLogin);
    await hears('This login is free.');
    await fill('Phone', person.phone);
    await fill('E-mail (optional)', person.email);
    await fill('Password', PASSWORD);
    await lookAt(tab, 'register', ['light', 'dark']);
    await press('Create account');
    await sees('Sessions');
    await lookAt(tab, 'sessions-of-a-new-account');

    await follow('Contacts');
    await sees('Contacts');
    await press(`Confirm ${person.phone}`);
    await visitor.asked('Confirm contact');
    await lookAt(tab, 'confirm-phone', ['light', 'dark']);
    await fill('Code', await page.codeFor(person.phone));
    await press('Confirm');
    await hears(`${person.phone} is confirmed.`);
    await press(`Confirm ${person.email}`);
    const mailed = await page.linkTokenFor(person.email);
    await goTo(`/contact-confirmation#token=${mailed}`);
    await hears(`${person.email} is confirmed.`);
    expect(tab.url()).toBe(`${page.url}/contact-confirmation`);
    await lookAt(tab, 'contact-confirmed');
    await follow('To your contacts');
    await sees('Contacts');
    await lookAt(tab, 'contacts', ['light', 'dark']);

    await press('Log out');
    await sees('Log in');
    await fill('Phone, e-mail or login', person.email);
    await fill('Password', 'not the password');
    await press('Log in');
    await hears(/password/);
    await lookAt(tab, 'log-in-refused', ['light', 'dark']);
    await fill('Password', PASSWORD);
    await press('Log in');
    await sees('Sessions');

    await press('Log out');
    await sees('Log in');
    await page.endPauses();
    await press('Log in with a code');
    await sees('Log in with a code');
    await fill('Phone or e-mail', person.phone);
    await press('Send code');
    await sees('Enter the code');
    await lookAt(tab, 'log-in-by-code');
    await fill('Code', await page.codeFor(person.phone));
    await press('Log in');
    await sees('Sessions');
  });

  it('says that a login is taken, and what is wrong with a form, at its fields', async () => {
    const taken = await page.newVisitor();
    const { secondLogin, phone, password } = newPerson();
    await page.service.auth.register(newPerson({ secondLogin, password }));
    await taken.goTo('/register');
    await taken.fill('Login', secondLogin);
    await taken.hears('Somebody has this login already.');
    await taken.fill('Phone', 'not a phone');
    await taken.press('Create account');
    const fields = taken.tab.locator('[aria-invalid="true"]');
    await fields.first().waitFor();
    expect(await fields.evaluateAll((all) => all.map((field) => (field as unknown as { name: string }).name))).toEqual([
      'password',
    ]);
    await taken.fill('Password', 'password');
    await taken.press('Create account');
    await taken.tab.getByText('This is not a phone number.').waitFor();
    await lookAt(taken.tab, 'register-refused', ['light', 'dark']);
    await taken.fill('Phone', phone);
    await taken.fill('Password', password);
    await taken.press('Create account');
    await taken.hears(/already/);
  });

  it('takes the token of a link out of the address, and goes from the link to an account in Russian', async () => {
    const email = newEmail();
    const visitor = await page.newVisitor({ locale: 'ru-RU' });
    const { tab, goTo, sees, fill, press, follow, hears } = visitor;
    await goTo('/');
    await sees('Вход');
    await lookAt(tab, 'log-in', ['light', 'dark']);
    await follow('Создать аккаунт');
    await press('Начать с адреса e-mail');
    await sees('Начать с адреса e-mail');
    await lookAt(tab, 'register-by-mail');
    await fill('E-mail', email);
    await press('Отправить ссылку');
    await sees('Проверьте почту');

    const token = await page.linkTokenFor(email);
    await goTo(`/registration#token=${token}`);
    await sees('Завершение регистрации');
    expect(tab.url()).toBe(`${page.url}/registration`);
    await tab.getByText(email).waitFor();
    await fill('Имя', 'Мария');
    await fill('Пароль', PASSWORD);
    await lookAt(tab, 'finish-registration', ['light', 'dark']);
    await press('Создать аккаунт');
    await sees('Сеансы');
    await tab.getByText('Moscow, Россия').waitFor();
    await lookAt(tab, 'sessions-of-a-new-account', ['light', 'dark']);

    await goTo(`/registration#token=${token}`);
    await hears(/./);
    await lookAt(tab, 'used-link');
  });

  it('replaces a forgotten password, by a link and by a code, and says that it ends the sessions', async () => {
    const { phone, email, secondLogin } = await page.newHolder();
    const { tab, goTo, sees, fill, press } = await page.newVisitor();
    await goTo('/login');
    await press('Forgot your password?');
    await sees('Reset your password');
    await lookAt(tab, 'forgotten-password');
    await fill('Phone or e-mail', email);
    await press('Send');
    await sees('Check your mail');
    await lookAt(tab, 'look-into-your-mail');
    await goTo(`/password-reset#token=${await page.linkTokenFor(email)}`);
    await sees('Set a new password');
    expect(tab.url()).toBe(`${page.url}/password-reset`);
    await fill('New password', NEW_PASSWORD);
    await lookAt(tab, 'new-password');
    await press('Set password');
    await sees('Log in');
    await tab.getByText('Your password was changed. Log in with it.').waitFor();

    await press('Forgot your password?');
    await fill('Phone or e-mail', phone);
    await press('Send');
    await sees('Set a new password');
    await fill('Code', await page.codeFor(phone));
    await fill('New password', PASSWORD);
    await lookAt(tab, 'new-password-by-code');
    await press('Set password');
    await sees('Log in');
    await fill('Phone, e-mail or login', secondLogin);
    await fill('Password', PASSWORD);
    await press('Log in');
    await sees('Sessions');
  });

  it('leads an invited person into the organisation: with a new account, or with the one that he has', async () => {
    const organisation = await foundOrganisation(page.service, page.database, 'Ducks & Sons');
    const invitationFor = async (email: string) => {
      await invite(page.service, page.database, organisation, email);
      return `/invitation#token=${await page.linkTokenFor(email)}`;
    };
    const stranger = await page.newVisitor();
    await stranger.goTo(await invitationFor(newEmail()));
    await stranger.sees('Invitation');
    await stranger.tab.getByText('You are invited to join Ducks & Sons.').waitFor();
    await stranger.fill('Name', 'Ada');
    await stranger.fill('Password', PASSWORD);
    await lookAt(stranger.tab, 'invitation');
    await stranger.press('Create account');
    await stranger.sees('Sessions');
    await stranger.follow('Roles');
    await stranger.tab.getByText('Ducks & Sons').waitFor();

    const holder = await page.newHolder();
    const member = await page.logIn(holder.secondLogin);
    await member.goTo(await invitationFor(holder.email));
    await member.sees('Invitation');
    await member.tab.getByText('You are invited to join Ducks & Sons.').waitFor();
    await lookAt(member.tab, 'accept-invitation', ['light', 'dark']);
    await member.press('Accept invitation');
    await member.sees('Roles');
    await member.tab.getByText('Ducks & Sons').waitFor();
    await lookAt(member.tab, 'roles-in-an-organisation', ['light', 'dark']);
  });
});
