import { createFinishCodeLogin } from '../auth/finish-code-login.ts';
import { createReadGuest } from '../auth/guest.ts';
import { createLoginWithPassword } from '../auth/login-with-password.ts';
import { createLogout } from '../auth/logout.ts';
import { createOpenAccount } from '../auth/open-account.ts';
import { createRefresh } from '../auth/refresh.ts';
import { createRegister } from '../auth/register.ts';
import { createReadRegistration } from '../auth/registration-input.ts';
import { createRegistrationRefusals } from '../auth/registration-refusals.ts';
import { createStartCodeLogin } from '../auth/start-code-login.ts';
import { createStartGuestSession } from '../auth/start-guest-session.ts';
import { createChangePassword } from '../passwords/change-password.ts';
import { createFinishPasswordReset } from '../passwords/finish-password-reset.ts';
import { createSetPassword } from '../passwords/set-password.ts';
import { createStartPasswordReset } from '../passwords/start-password-reset.ts';
import { createTurns } from '../passwords/turns.ts';
import { createBlacklist } from '../redis/blacklist.ts';
import { createCheckRegistration } from '../registration/check-registration.ts';
import { createReadRegistrationForm } from '../registration/finish-registration-input.ts';
import { createFinishRegistration } from '../registration/finish-registration.ts';
import { createStartRegistration } from '../registration/start-registration.ts';
import type { DescribeSession } from '../sessions/describe-session.ts';
import { createEndSession } from '../sessions/end-session.ts';
import { createListSessions } from '../sessions/list-sessions.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';
import type { Shared } from './shared.ts';

/** How accounts are opened, and sessions begin, go on and end. */
export function createSignInCases(
  { config, onProblem }: Ground,
  { functions, redis }: Stores,
  { accessTokens, refreshTokens }: Tokens,
  shared: Shared,
  describeSession: DescribeSession,
) {
  const { auth, accounts, challenges, invitations, passwords, sessions: sessionFunctions } = functions;
  const { interfaces, inTransaction, confirmRevocation, validateToken, hasher, contacts, challengeSecrets } = shared;
  const { startChallenge, deviceTokens, knownDevice, openSession, checkPassword, attempts } = shared;
  const readGuest = createReadGuest({ validateToken });
  // What every way to register is made of.
  const registering = {
    refusals: createRegistrationRefusals({ auth }),
    inTransaction,
    readGuest,
    hasher,
    openAccount: createOpenAccount({ openSession }),
    openSession,
    deviceTokens,
    confirmRevocation,
  };
  const register = createRegister({
    ...registering,
    read: createReadRegistration({ contacts, checkPassword, interfaces }),
    auth,
    attempts,
    accessTokens,
    refreshTokens,
    digestKey: deriveSubkey(config.MASTER_KEY, 'registration-digest'),
    idempotencyWindow: config.IDEMPOTENCY_WINDOW,
  });
  const startRegistration = createStartRegistration({ contacts, startChallenge });
  const checkRegistration = createCheckRegistration({ secrets: challengeSecrets, challenges, invitations, accounts });
  const finishRegistration = createFinishRegistration({
    ...registering,
    read: createReadRegistrationForm({
      contacts,
      interfaces,
      wanted: { secondLogin: config.REGISTRATION_SECOND_LOGIN, phone: config.REGISTRATION_PHONE },
    }),
    secrets: challengeSecrets,
    checkRegistration,
    checkPassword,
  });
  const startGuestSession = createStartGuestSession({ interfaces, inTransaction, openSession });
  const loginWithPassword = createLoginWithPassword({
    inTransaction,
    accounts,
    auth,
    attempts,
    hasher,
    contacts,
    deviceTokens,
    openSession,
    readGuest,
    confirmRevocation,
    onProblem,
  });
  const phonesRegister = config.PHONE_REGISTRATION;
  const startCodeLogin = createStartCodeLogin({ contacts, startChallenge, knownDevice, phonesRegister });
  const finishCodeLogin = createFinishCodeLogin({
    ...registering,
    secrets: challengeSecrets,
    interfaces,
    phonesRegister,
  });
  const settingPasswords = { inTransaction, passwords, hasher, checkPassword, confirmRevocation, turns: createTurns() };
  const passwordCases = {
    changePassword: createChangePassword({ ...settingPasswords, auth, attempts }),
    setPassword: createSetPassword(settingPasswords),
    startPasswordReset: createStartPasswordReset({ contacts, startChallenge, knownDevice }),
    finishPasswordReset: createFinishPasswordReset({ ...settingPasswords, challenges, secrets: challengeSecrets }),
  };
  const refresh = createRefresh({
    auth,
    accessTokens,
    refreshTokens,
    confirmRevocation,
    refreshLifetime: config.REFRESH_TOKEN_LIFETIME,
    grace: config.REFRESH_GRACE,
  });
  const logout = createLogout({ auth, confirmRevocation, blacklist: redis && createBlacklist(redis), onProblem });
  const sessionCases = {
    listSessions: createListSessions({ sessions: sessionFunctions, describeSession }),
    endSession: createEndSession({ sessions: sessionFunctions, confirmRevocation }),
    logout,
  };
  return {
    auth: { register, startGuestSession, loginWithPassword, startCodeLogin, finishCodeLogin, refresh, logout },
    registration: { startRegistration, checkRegistration, finishRegistration },
    passwords: passwordCases,
    sessions: sessionCases,
  };
}
