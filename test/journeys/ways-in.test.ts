import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { DecisionSource } from '../../src/gen/auth/v1/consistency.ts';
import { codeIn, linkTokenIn, startMailServer } from '../support/mail-server.ts';
import type { MailServer } from '../support/mail-server.ts';
import { PASSWORD, bearer, newPerson, register, tokensOf } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { startSmsServer } from '../support/sms-server.ts';
import type { SmsServer } from '../support/sms-server.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

const NEW_PASSWORD = 'quite another long password';

/** The ways in as people go them: real mails and text messages, and nothing but what they say. */
describe('The ways in', () => {
  let database: TestDatabase;
  let mail: MailServer;
  let sms: SmsServer;
  let service: TestService;
  beforeAll(async () => {
    [database, mail, sms] = await Promise.all([createTestDatabase(), startMailServer(), startSmsServer()]);
    service = await startService({
      DATABASE_URL: database.serviceUrl,
      PHONE_REGISTRATION: 'on',
      ...mail.settings,
      ...sms.settings,
    });
  });
  afterAll(async () => {
    await service?.stop();
    await Promise.all([mail?.stop(), sms?.stop(), database?.drop()]);
  });

  let email: string;
  let phone: string;
  beforeEach(() => {
    email = `person-${randomUUID()}@example.com`;
    ({ phone } = newPerson());
  });

  /** What a validation says of a token. */
  async function validate(accessToken: string) {
    const { result, source } = await service.auth.validateToken({ accessToken });
    expect(source).not.toBe(DecisionSource.UNSPECIFIED);
    return result?.$case === 'principal' ? result.value : (result?.value.reason ?? null);
  }
  const isLive = async (accessToken: string) => typeof (await validate(accessToken)) === 'object';
  const reasonOf = async (call: Promise<unknown>) => (await refusalOf(call)).reason;
  const eventsOf = async (type: string, userId: string) =>
    await database.query<{ data: Record<string, unknown> }>(
      'select data from auth.outbox_events where type = $1 and user_id = $2',
      [type, userId],
    );

  async function registerByMail() {
    await service.registration.startRegistration({ email });
    const token = linkTokenIn(await mail.waitForMail(email));
    const answer = await service.registration.finishRegistration({
      token,
      displayName: 'Maria',
      country: 'RU',
      password: PASSWORD,
      interface: 'customer',
    });
    return { ...answer, tokens: tokensOf(answer) };
  }
  async function logInByPhone(guestAccessToken = '') {
    const { handle } = await service.auth.startCodeLogin({ contact: phone });
    const code = codeIn(await sms.waitForSms(phone));
    const answer = await service.auth.finishCodeLogin({ handle, code, interface: 'customer', guestAccessToken });
    return { ...answer, tokens: tokensOf(answer) };
  }

  it('begin with an e-mail address: the link leads to an account, and only the link', async () => {
    const people = async () => (await database.query('select from accounts.users')).length;
    const before = await people();
    await service.registration.startRegistration({ email });
    const first = await mail.waitForMail(email);
    expect(first.text).toContain('https://front.example/registration#token=');
    const token = linkTokenIn(first);
    expect((await service.registration.checkRegistration({ token })).email).toBe(email);
    expect(await people()).toBe(before);

    const answer = await service.registration.finishRegistration({
      token,
      displayName: 'Maria',
      country: 'RU',
      password: PASSWORD,
      interface: 'customer',
    });
    expect(answer.roles).toEqual(['customer']);
    expect(await validate(tokensOf(answer).accessToken)).toMatchObject({ userId: answer.userId });
    expect((await service.auth.login({ login: email.toUpperCase(), password: PASSWORD })).userId).toBe(answer.userId);
    expect(await reasonOf(service.registration.checkRegistration({ token }))).toBe('VERIFY_USER_ALREADY_VERIFIED');

    // Once more: the answer is the same, the mail says that there is an account, and has no link to another one.
    await database.query('delete from auth.message_quotas');
    expect(await service.registration.startRegistration({ email })).toMatchObject({ lifetime: { seconds: 600 } });
    const second = await mail.waitForMail(email);
    expect(second.text).not.toContain('#token=');
    expect(second.subject).not.toBe(first.subject);
  });

  it('begin with a phone and nothing else: the code opens an account, and logs in to it the next time', async () => {
    const first = await logInByPhone();
    expect(first).toMatchObject({ created: true, roles: ['customer'] });
    const { contacts } = await service.accounts.listContacts({}, bearer(first.tokens.accessToken));
    expect(contacts).toMatchObject([{ type: 'phone', value: phone, active: true, confirmed: true, primary: true }]);

    const again = await logInByPhone();
    expect(again).toMatchObject({ created: false, userId: first.userId });

    expect(await reasonOf(service.auth.login({ login: phone, password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    await service.passwords.setPassword({ newPassword: PASSWORD }, bearer(again.tokens.accessToken));
    expect((await service.auth.login({ login: phone, password: PASSWORD })).userId).toBe(first.userId);
  });

  it('lead back after a forgotten password: the link sets a new one, and every session of before is over', async () => {
    const { userId, tokens } = await registerByMail();
    const elsewhere = tokensOf(await service.auth.login({ login: email, password: PASSWORD }));

    await service.passwords.startPasswordReset({ contact: email });
    const token = linkTokenIn(await mail.waitForMail(email));
    const { endedSessions } = await service.passwords.finishPasswordReset({
      proof: { $case: 'token', value: token },
      newPassword: NEW_PASSWORD,
    });
    expect(endedSessions).toBe(2);
    expect(await isLive(tokens.accessToken)).toBe(false);
    expect(await isLive(elsewhere.accessToken)).toBe(false);
    expect(await reasonOf(service.auth.refresh({ refreshToken: tokens.refreshToken }))).toBe('SESSION_ENDED');
    expect(await reasonOf(service.auth.login({ login: email, password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    expect((await service.auth.login({ login: email, password: NEW_PASSWORD })).userId).toBe(userId);
    // The owner hears of it.
    expect((await mail.waitForMail(email)).text).not.toContain('#token=');
    const twice = { proof: { $case: 'token' as const, value: token }, newPassword: PASSWORD };
    expect(await reasonOf(service.passwords.finishPasswordReset(twice))).toBe('LINK_INVALID');
  });

  it('change with the phone: the old one goes on until the new one is confirmed, and is history then', async () => {
    const { userId, tokens } = await logInByPhone();
    const caller = bearer(tokens.accessToken);
    await service.passwords.setPassword({ newPassword: PASSWORD }, caller);
    const { phone: newPhone } = newPerson();
    const { contact } = await service.accounts.addContact({ type: 'phone', value: newPhone }, caller);
    expect((await service.auth.login({ login: phone, password: PASSWORD })).userId).toBe(userId);
    expect(await reasonOf(service.auth.login({ login: newPhone, password: PASSWORD }))).toBe('CREDENTIALS_INVALID');

    const contactId = contact?.contactId ?? '';
    const { handle } = await service.accounts.startContactConfirmation({ contactId }, caller);
    const code = codeIn(await sms.waitForSms(newPhone));
    await service.accounts.finishContactConfirmation({ proof: { $case: 'code', value: { handle, code } } }, caller);
    expect((await service.auth.login({ login: newPhone, password: PASSWORD })).userId).toBe(userId);
    expect(await reasonOf(service.auth.login({ login: phone, password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    const { contacts } = await service.accounts.listContacts({ includeHistory: true }, caller);
    expect(contacts).toMatchObject([
      { value: newPhone, active: true, primary: true },
      { value: phone, active: false, primary: false },
    ]);
  });

  it('make a customer of a guest, who keeps his user id; one who has an account is linked to it', async () => {
    const guest = await service.auth.startGuestSession({ interface: 'customer' });
    expect(guest.roles).toEqual(['guest']);
    const guestToken = tokensOf(guest).accessToken;
    const customer = await register(service, { guestAccessToken: guestToken });
    expect(customer.userId).toBe(guest.userId);
    expect(customer.roles).toEqual(['customer']);
    expect(await isLive(guestToken)).toBe(false);
    expect(await isLive(customer.tokens.accessToken)).toBe(true);

    const visitor = await service.auth.startGuestSession({ interface: 'customer' });
    const visitorToken = tokensOf(visitor).accessToken;
    const { secondLogin: login } = customer;
    const back = await service.auth.login({ login, password: PASSWORD, guestAccessToken: visitorToken });
    expect(back.userId).toBe(customer.userId);
    expect(await isLive(visitorToken)).toBe(false);
    const [linked] = await eventsOf('guest.linked', customer.userId);
    expect(linked?.data).toMatchObject({ guest_user_id: visitor.userId });

    // By a phone from nothing, too.
    const caller = await service.auth.startGuestSession({ interface: 'customer' });
    expect(await logInByPhone(tokensOf(caller).accessToken)).toMatchObject({ created: true, userId: caller.userId });
  });

  it('close behind who closes his account, whatever he tries, and his contacts are kept for a while', async () => {
    const { userId, tokens, deviceToken } = await registerByMail();
    await service.passwords.startPasswordReset({ contact: email });
    const resetToken = linkTokenIn(await mail.waitForMail(email));

    await service.accounts.deactivateAccount({}, bearer(tokens.accessToken));
    expect(await isLive(tokens.accessToken)).toBe(false);
    expect(await reasonOf(service.auth.refresh({ refreshToken: tokens.refreshToken }))).toBe('SESSION_ENDED');
    const login = { login: email, password: PASSWORD, deviceToken };
    expect(await reasonOf(service.auth.login(login))).toBe('CREDENTIALS_INVALID');
    const reset = { proof: { $case: 'token' as const, value: resetToken }, newPassword: NEW_PASSWORD };
    expect(await reasonOf(service.passwords.finishPasswordReset(reset))).toBe('LINK_INVALID');
    expect(await eventsOf('account.deactivated', userId)).toHaveLength(1);
    expect((await mail.waitForMail(email)).text).not.toContain('#token=');

    // Nothing is sent to log in with, and nobody else gets the address yet.
    await database.query('delete from auth.message_quotas');
    const mailsBefore = mail.mails.length;
    await service.auth.startCodeLogin({ contact: email });
    await service.passwords.startPasswordReset({ contact: email });
    expect((await service.accounts.checkAvailability({ contactType: 'email', value: email })).available).toBe(false);
    await service.registration.startRegistration({ email });
    expect((await mail.waitForMail(email)).text).not.toContain('#token=');
    expect(mail.mails.length).toBe(mailsBefore + 1);
  });
});
