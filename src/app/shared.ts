import { createContacts } from '../accounts/contact.ts';
import { createMaySendTo } from '../accounts/phone-countries.ts';
import { createKnownDevice } from '../auth/known-device.ts';
import { createLoginAttempts } from '../auth/login-attempts.ts';
import { createOpenSession } from '../auth/open-session.ts';
import { createValidateToken } from '../auth/validate-token.ts';
import { createChallengeSecrets } from '../challenges/challenge-secrets.ts';
import { createStartChallenge } from '../challenges/start-challenge.ts';
import { orNotMigrated } from '../db/check-database.ts';
import { hashConcurrency } from '../passwords/hash-concurrency.ts';
import { createPasswordHasher } from '../passwords/hasher.ts';
import { createPasswordPolicy } from '../passwords/policy.ts';
import { createWithCurrentRoles } from '../revocation/current-roles.ts';
import { createActivity } from '../sessions/activity.ts';
import { createDeviceTokens } from '../tokens/device-token.ts';
import { createPageTokens } from '../tokens/page-token.ts';
import { deriveSubkey } from '../tokens/subkey.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';
import type { Revocation } from './revocation.ts';

/** What several use cases are made of. */
export async function prepareShared(
  { config, clock, primary }: Ground,
  { functions, inTransaction }: Stores,
  { keys, accessTokens, refreshTokens, verify }: Tokens,
  { revocations, replica, confirmRevocation }: Revocation,
) {
  const { auth, accounts, challenges, contacts: contactFunctions, sessions: sessionFunctions } = functions;
  const hasher = await createPasswordHasher({
    cost: config.BCRYPT_COST,
    concurrency: hashConcurrency(config.HASH_CONCURRENCY),
    queueLimit: config.HASH_QUEUE,
    slots: primary?.hashSlots ?? null,
  });
  const contacts = createContacts({
    defaultRegion: config.DEFAULT_PHONE_REGION,
    types: await orNotMigrated(contactFunctions.listContactTypes()),
  });
  const challengeSecrets = createChallengeSecrets({
    secret: deriveSubkey(config.MASTER_KEY, 'challenge-secret'),
    codeHash: deriveSubkey(config.MASTER_KEY, 'challenge-code-hash'),
  });
  const maySendTo = createMaySendTo(config.SMS_COUNTRIES);
  const startChallenge = createStartChallenge({
    challenges,
    secrets: challengeSecrets,
    maySendTo,
    messagesPerContact: config.MESSAGES_PER_CONTACT,
    messagesPerAddress: config.MESSAGES_PER_ADDRESS,
  });
  const pageTokens = createPageTokens(deriveSubkey(config.MASTER_KEY, 'page-token'));
  const deviceTokens = createDeviceTokens({ key: deriveSubkey(config.MASTER_KEY, 'device-token'), clock });
  const knownDevice = createKnownDevice({ accounts, deviceTokens });
  const openSession = createOpenSession({
    accessTokens,
    refreshTokens,
    refreshLifetime: config.REFRESH_TOKEN_LIFETIME,
    sessionLifetime: config.SESSION_LIFETIME,
  });
  const activity = createActivity({ sessions: sessionFunctions, clock });
  const validateToken = createValidateToken({
    verify,
    replica,
    revocations,
    withCurrentRoles: createWithCurrentRoles(revocations),
    keys,
    noteActivity: activity.note,
  });
  return {
    interfaces: new Set(await orNotMigrated(accounts.listInterfaces())),
    hasher,
    contacts,
    challengeSecrets,
    maySendTo,
    startChallenge,
    pageTokens,
    deviceTokens,
    knownDevice,
    openSession,
    activity,
    validateToken,
    inTransaction,
    confirmRevocation,
    checkPassword: createPasswordPolicy(),
    attempts: createLoginAttempts({
      auth,
      failuresPerAccount: config.LOGIN_FAILURES_PER_ACCOUNT,
      failuresPerAddress: config.LOGIN_FAILURES_PER_ADDRESS,
    }),
  };
}

export type Shared = Awaited<ReturnType<typeof prepareShared>>;
