import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { HealthState } from 'nice-grpc-server-health';
import type { Logger } from 'pino';
import { createAddContact } from './accounts/add-contact.ts';
import { createCheckAvailability } from './accounts/check-availability.ts';
import { createContacts } from './accounts/contact.ts';
import { createDeactivateAccount } from './accounts/deactivate-account.ts';
import { createDeactivateContact } from './accounts/deactivate-contact.ts';
import { createFinishContactConfirmation } from './accounts/finish-contact-confirmation.ts';
import { createGetProfile } from './accounts/get-profile.ts';
import { createListContacts } from './accounts/list-contacts.ts';
import { createMaySendTo } from './accounts/phone-countries.ts';
import { createListRoles } from './accounts/list-roles.ts';
import { createSetPrimaryContact } from './accounts/set-primary-contact.ts';
import { createStartContactConfirmation } from './accounts/start-contact-confirmation.ts';
import { createUpdateProfile } from './accounts/update-profile.ts';
import { createListAuditEvents } from './audit/list-audit-events.ts';
import { createCheckRequest } from './auth/check-request.ts';
import { createExplainToken } from './auth/explain-token.ts';
import { createFinishCodeLogin } from './auth/finish-code-login.ts';
import { createReadGuest } from './auth/guest.ts';
import { createLoginAttempts } from './auth/login-attempts.ts';
import { createKnownDevice } from './auth/known-device.ts';
import { createListMessages } from './auth/list-messages.ts';
import { createLoginWithPassword } from './auth/login-with-password.ts';
import { createLogout } from './auth/logout.ts';
import { createOpenAccount } from './auth/open-account.ts';
import { createOpenSession } from './auth/open-session.ts';
import { createRefresh } from './auth/refresh.ts';
import { createRegister } from './auth/register.ts';
import { createReadRegistration } from './auth/registration-input.ts';
import { createResendMessage } from './auth/resend-message.ts';
import { createRegistrationRefusals } from './auth/registration-refusals.ts';
import { createStartCodeLogin } from './auth/start-code-login.ts';
import { createStartGuestSession } from './auth/start-guest-session.ts';
import { createValidateToken } from './auth/validate-token.ts';
import { createWatchRevocations } from './auth/watch-revocations.ts';
import { createChallengeSecrets } from './challenges/challenge-secrets.ts';
import { createStartChallenge } from './challenges/start-challenge.ts';
import { systemClock, systemDelay } from './clock.ts';
import { redactedConfig } from './config/describe.ts';
import { isLoopbackHost } from './config/load.ts';
import type { Config } from './config/settings.ts';
import { createCallFunction } from './db/call-function.ts';
import { checkDatabase, orNotMigrated } from './db/check-database.ts';
import { createDatabaseFunctions } from './db/functions.ts';
import { createPool } from './db/pool.ts';
import { createInTransaction } from './db/transaction.ts';
import { createGateway } from './gateway/gateway.ts';
import { createOrigins } from './gateway/origins.ts';
import type { SharedChainDeps } from './grpc/chain.ts';
import { checkCallers } from './grpc/check-callers.ts';
import { checkPermissions } from './grpc/check-permissions.ts';
import { createGrpcServer, readServedRules, serverCredentials } from './grpc/server.ts';
import { createPlaces } from './grpc/places.ts';
import { createRateLimiter } from './grpc/rate-limiter.ts';
import { createRecognizeService } from './grpc/service-identities.ts';
import { createAccountsService } from './grpc/services/accounts-service.ts';
import { createAuditService } from './grpc/services/audit-service.ts';
import { createAuthorizationService } from './grpc/services/authorization-service.ts';
import { createAuthService } from './grpc/services/auth-service.ts';
import { createEncodeValidations } from './grpc/services/encode-validations.ts';
import { createValidateDirectly } from './grpc/services/validate-directly.ts';
import { createMessagesAdminService } from './grpc/services/messages-admin-service.ts';
import { createOrganisationsService } from './grpc/services/organisations-service.ts';
import { createPasswordsService } from './grpc/services/passwords-service.ts';
import { createRegistrationService } from './grpc/services/registration-service.ts';
import { createKeysService } from './grpc/services/keys-service.ts';
import { createRevocationsService } from './grpc/services/revocations-service.ts';
import { createRolesService } from './grpc/services/roles-service.ts';
import { createSessionsService } from './grpc/services/sessions-service.ts';
import { createSupportService } from './grpc/services/support-service.ts';
import { createTokensAdminService } from './grpc/services/tokens-admin-service.ts';
import { createUsersAdminService } from './grpc/services/users-admin-service.ts';
import { createUsersService } from './grpc/services/users-service.ts';
import { createCleanUp } from './jobs/clean-up.ts';
import { createPeriodic } from './jobs/periodic.ts';
import { createChannels, providerSettings } from './messages/channels.ts';
import { createCompose } from './messages/compose.ts';
import { createRenderMessage } from './messages/render.ts';
import { createSender } from './messages/sender.ts';
import { createAcceptInvitation } from './organisations/accept-invitation.ts';
import { createCancelInvitation } from './organisations/cancel-invitation.ts';
import { createCreateOrganisation } from './organisations/create-organisation.ts';
import { createInviteMember } from './organisations/invite-member.ts';
import { createListInvitations } from './organisations/list-invitations.ts';
import { createListMembers } from './organisations/list-members.ts';
import { createListOrganisations } from './organisations/list-organisations.ts';
import { createRemoveMember } from './organisations/remove-member.ts';
import { createUpdateMember } from './organisations/update-member.ts';
import { createChangePassword } from './passwords/change-password.ts';
import { createFinishPasswordReset } from './passwords/finish-password-reset.ts';
import { hashConcurrency } from './passwords/hash-concurrency.ts';
import { createPasswordHasher } from './passwords/hasher.ts';
import { createPasswordPolicy } from './passwords/policy.ts';
import { createSetPassword } from './passwords/set-password.ts';
import { createStartPasswordReset } from './passwords/start-password-reset.ts';
import { createTurns } from './passwords/turns.ts';
import { createBlacklist } from './redis/blacklist.ts';
import { checkEvictionPolicy } from './redis/check-policy.ts';
import { connectRedis, whenReady } from './redis/connect.ts';
import { isReachable } from './redis/is-reachable.ts';
import { createRedisMessageBus } from './redis/message-bus.ts';
import { createCheckRegistration } from './registration/check-registration.ts';
import { createFinishRegistration } from './registration/finish-registration.ts';
import { createReadRegistrationForm } from './registration/finish-registration-input.ts';
import { createStartRegistration } from './registration/start-registration.ts';
import { createAnnouncer } from './revocation/announcer.ts';
import { createConfirmRevocation } from './revocation/confirm.ts';
import { createWithCurrentRoles } from './revocation/current-roles.ts';
import { createReplica } from './revocation/replica.ts';
import { createRevocationView } from './revocation/view.ts';
import { createGrantRole } from './roles/grant-role.ts';
import { createListAssignableRoles } from './roles/list-assignable-roles.ts';
import { createRevokeRole } from './roles/revoke-role.ts';
import { createActivity } from './sessions/activity.ts';
import { createDescribeSession } from './sessions/describe-session.ts';
import { createEndSession } from './sessions/end-session.ts';
import { createListSessions } from './sessions/list-sessions.ts';
import { openPlaces } from './sessions/locate.ts';
import { createAccessTokenInspector } from './tokens/access-token-inspector.ts';
import { createAccessTokens } from './tokens/access-token-issuer.ts';
import { createAccessTokenVerifier } from './tokens/access-token-verifier.ts';
import { createDeviceTokens } from './tokens/device-token.ts';
import { createDpopNonces } from './tokens/dpop-nonce.ts';
import { createKeyCipher } from './tokens/key-cipher.ts';
import { createKeyRing } from './tokens/key-ring.ts';
import { keyRotationSettings } from './tokens/key-rotation-settings.ts';
import { createPageTokens } from './tokens/page-token.ts';
import { createRefreshTokens } from './tokens/refresh-token.ts';
import { createRotateKeys } from './tokens/rotate-keys.ts';
import { deriveSubkey } from './tokens/subkey.ts';
import { cacheVerifiedTokens } from './tokens/verified-token-cache.ts';
import { createBatchGetUsers } from './users/batch-get-users.ts';
import { createCreateUser } from './users/create-user.ts';
import { createDeactivateUser } from './users/deactivate-user.ts';
import { createDeleteUser } from './users/delete-user.ts';
import { createEndUserSessions } from './users/end-user-sessions.ts';
import { createFindUserForSupport } from './users/find-user-for-support.ts';
import { createGetUser } from './users/get-user.ts';
import { createImportUsers } from './users/import-users.ts';
import { createListUserSessions } from './users/list-user-sessions.ts';
import { createListUsers } from './users/list-users.ts';
import { createLookUpUsers } from './users/look-up-users.ts';
import { createReactivateUser } from './users/reactivate-user.ts';
import { createNoteRefusals } from './users/note-refusals.ts';
import { createResetUserPassword } from './users/reset-user-password.ts';
import { createRestoreUser } from './users/restore-user.ts';
import { createRevokeUserTokens } from './users/revoke-user-tokens.ts';
import { createUpdateUser } from './users/update-user.ts';
import type { Address } from './workers/messages.ts';
import type { PrimaryLink } from './workers/primary-link.ts';

/** Of one channel by one replica. What a kill leaves undecided is at most so much. */
const MESSAGES_AT_ONCE = 2;

/** How often it is looked at whether the GeoIP database is another one; milliseconds. */
const GEOIP_WATCH_INTERVAL = 5000;

/** What messages call the product where no provider sends them to anybody. */
const UNNAMED_PRODUCT = 'Example';

/** The running service. */
type App = {
  /** Where gRPC is served; the port is the real one if 0 was asked for. */
  readonly address: Address;
  /** Where browsers are served; null: nowhere. */
  readonly gateway: Address | null;
  /** Lets calls under way finish and closes everything. */
  readonly stop: () => Promise<void>;
};

/**
 * Builds the service out of its parts and starts it: the only place where anything is constructed, from the ground up. What
 * is opened is put on a stack, and a stop, or a start that fails half way, closes it in reverse.
 * @param primary what a worker has of the process that has started it; null: this process is the only one
 * @param print shows the person in front of a terminal messages that nobody sends; null: nobody is there
 */
export async function startApp(
  config: Config,
  logger: Logger,
  primary: PrimaryLink | null = null,
  print: ((text: string) => void) | null = null,
): Promise<App> {
  const clock = systemClock;
  await using opened = new AsyncDisposableStack();
  const onProblem = (error: unknown) => logger.warn({ err: error }, 'problem');
  logger.info({ config: redactedConfig(config) }, 'starting');

  // The database. Leases are renewed on a connection of their own: they must not wait behind logins.
  const poolOptions = { url: config.DATABASE_URL, onIdleError: onProblem };
  const pool = createPool({
    ...poolOptions,
    size: config.DATABASE_POOL_SIZE,
    queryTimeout: 10_000,
    connectTimeout: 5000,
  });
  opened.defer(() => pool.end());
  const leasePool = createPool({ ...poolOptions, size: 2, connectTimeout: 500, queryTimeout: 900 });
  opened.defer(() => leasePool.end());
  const {
    auth,
    audit: auditFunctions,
    accounts,
    challenges,
    contacts: contactFunctions,
    invitations,
    messages,
    organisations,
    passwords,
    profiles,
    sessions: sessionFunctions,
    roles: roleFunctions,
    users,
  } = createDatabaseFunctions(createCallFunction(pool));
  const { auth: leaseAuth } = createDatabaseFunctions(createCallFunction(leasePool));
  const inTransaction = createInTransaction(pool);
  await checkDatabase({ auth });
  const interfaces = new Set(await orNotMigrated(accounts.listInterfaces()));

  // What the settings name has to be there, before anything is written.
  const rules = readServedRules();
  const { SERVICE_CALLERS: callers, ANONYMOUS_INTERFACES: anonymousInterfaces, LOCAL_CALLER_INTERFACES } = config;
  const namedInterfaces = [...anonymousInterfaces, ...LOCAL_CALLER_INTERFACES];
  checkCallers({ callers, namedInterfaces, paths: rules.keys(), interfaces });
  checkPermissions(rules, await orNotMigrated(accounts.listPermissions()));
  const tls =
    config.TLS_CERT_FILE !== undefined && config.TLS_KEY_FILE !== undefined
      ? { cert: config.TLS_CERT_FILE, key: config.TLS_KEY_FILE, clientCa: config.TLS_CLIENT_CA_FILE }
      : null;
  const credentials = await serverCredentials(tls);
  const places = await openPlaces({ file: config.GEOIP_DATABASE, onProblem, watchInterval: GEOIP_WATCH_INTERVAL });
  opened.defer(() => places.close());

  // Keys and tokens.
  const cipher = createKeyCipher(deriveSubkey(config.MASTER_KEY, 'signing-key-encryption'));
  const rotateKeys = createRotateKeys({ auth, cipher, clock, ...keyRotationSettings(config) });
  const keys = createKeyRing({ auth: leaseAuth, cipher, clock });
  await rotateKeys('if-due');
  await keys.load();
  const claims = { issuer: config.TOKEN_ISSUER, audience: config.TOKEN_AUDIENCE };
  const accessTokens = createAccessTokens({ keys, clock, ...claims, lifetime: config.ACCESS_TOKEN_LIFETIME });
  const refreshTokens = createRefreshTokens({
    token: deriveSubkey(config.MASTER_KEY, 'refresh-token'),
    salt: deriveSubkey(config.MASTER_KEY, 'refresh-token-salt'),
  });
  const verify = cacheVerifiedTokens({
    verify: createAccessTokenVerifier({ keys, clock, ...claims }),
    keys,
    clock,
    size: config.VERIFIED_TOKEN_CACHE,
  });

  // Revocation: the view in memory, its lease, and the way to the other replicas.
  const lease = config.REVOCATION_LEASE;
  const revocations = createRevocationView({ clock, tokenLifetime: config.ACCESS_TOKEN_LIFETIME });
  const replica = createReplica({
    auth: leaseAuth,
    view: revocations,
    clock,
    delay: systemDelay,
    lease,
    tokenLifetime: config.ACCESS_TOKEN_LIFETIME,
    onKeysChanged: keys.load,
    onProblem,
  });
  const redisUrl = config.REDIS_URL;
  const redis = redisUrl === undefined ? null : connectRedis({ url: redisUrl, onProblem });
  opened.defer(() => redis?.disconnect());
  const subscriber = redisUrl === undefined ? null : connectRedis({ url: redisUrl, onProblem });
  opened.defer(() => subscriber?.disconnect());
  if (redis) {
    // A Redis that is away at the start is no reason not to: it is not needed for any promise.
    await Promise.race([whenReady(redis), delay(1000, undefined, { ref: false })]);
    await checkEvictionPolicy(redis);
  }
  const bus =
    redis && subscriber ? createRedisMessageBus({ publisher: redis, subscriber, onProblem }) : (primary?.bus ?? null);
  const announcer = bus && createAnnouncer({ bus, replicaId: replica.id, learn: replica.learn, onProblem });
  const confirmRevocation = createConfirmRevocation({ replica, announcer, delay: systemDelay });
  await replica.start();
  opened.defer(() => replica.stop());
  announcer?.start();

  // Use cases.
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
  const readGuest = createReadGuest({ validateToken });
  const attempts = createLoginAttempts({
    auth,
    failuresPerAccount: config.LOGIN_FAILURES_PER_ACCOUNT,
    failuresPerAddress: config.LOGIN_FAILURES_PER_ADDRESS,
  });
  const checkPassword = createPasswordPolicy();
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
  const describeSession = createDescribeSession({ locate: places.locate });
  const sessionCases = {
    listSessions: createListSessions({ sessions: sessionFunctions, describeSession }),
    endSession: createEndSession({ sessions: sessionFunctions, confirmRevocation }),
    logout,
  };
  const watchRevocations = createWatchRevocations({ revocations, replica, keys, clock, delay: systemDelay });
  const explainToken = createExplainToken({ validateToken, inspect: createAccessTokenInspector({ keys }), auth });
  const listRoles = createListRoles({ accounts, interfaces });
  const accountCases = {
    listRoles,
    checkAvailability: createCheckAvailability({ accounts, contacts }),
    listContacts: createListContacts({ contacts: contactFunctions }),
    addContact: createAddContact({ contacts, contactFunctions }),
    startContactConfirmation: createStartContactConfirmation({ contacts, contactFunctions, startChallenge }),
    finishContactConfirmation: createFinishContactConfirmation({ secrets: challengeSecrets, inTransaction }),
    setPrimaryContact: createSetPrimaryContact({ contacts: contactFunctions }),
    deactivateContact: createDeactivateContact({ contacts: contactFunctions }),
    getProfile: createGetProfile({ profiles }),
    updateProfile: createUpdateProfile({ profiles }),
    deactivateAccount: createDeactivateAccount({ profiles, confirmRevocation }),
  };
  // User administration.
  const userCases = {
    createUser: createCreateUser({ users, contacts, checkPassword, hasher }),
    getUser: createGetUser({ users }),
    batchGetUsers: createBatchGetUsers({ users }),
    listUsers: createListUsers({ users, pageTokens }),
    updateUser: createUpdateUser({ users }),
    deactivateUser: createDeactivateUser({ users, confirmRevocation }),
    reactivateUser: createReactivateUser({ users }),
    deleteUser: createDeleteUser({ users, confirmRevocation }),
    restoreUser: createRestoreUser({ users }),
    resetUserPassword: createResetUserPassword({ inTransaction, startChallenge }),
    listUserSessions: createListUserSessions({ users, describeSession }),
    endUserSessions: createEndUserSessions({ users, confirmRevocation }),
    revokeUserTokens: createRevokeUserTokens({ users, confirmRevocation }),
    importUsers: createImportUsers({ users, contacts }),
  };
  // Support from the account page.
  const noteRefusals = createNoteRefusals({ accounts });
  const supportCases = {
    findUser: noteRefusals(
      'accounts.v1.SupportService/FindUser',
      createFindUserForSupport({ inTransaction, contacts, describeSession }),
    ),
    endSessionsOfUser: noteRefusals('accounts.v1.SupportService/EndSessionsOfUser', userCases.endUserSessions),
  };
  // Delegation.
  const roleCases = {
    listAssignableRoles: createListAssignableRoles({ roles: roleFunctions }),
    grantRole: createGrantRole({ roles: roleFunctions, confirmRevocation }),
    revokeRole: createRevokeRole({ roles: roleFunctions, confirmRevocation }),
  };
  // Organisations: who belongs to them, and how he comes in.
  const organisationCases = {
    createOrganisation: createCreateOrganisation({ organisations }),
    listOrganisations: createListOrganisations({ organisations }),
    listMembers: createListMembers({ organisations, pageTokens }),
    updateMember: createUpdateMember({ organisations }),
    removeMember: createRemoveMember({ organisations, confirmRevocation }),
    inviteMember: createInviteMember({
      invitations,
      contacts,
      secrets: challengeSecrets,
      maySendTo,
      messagesPerContact: config.MESSAGES_PER_CONTACT,
      invitationLifetime: config.INVITATION_LIFETIME,
    }),
    listInvitations: createListInvitations({ invitations, pageTokens }),
    cancelInvitation: createCancelInvitation({ invitations }),
    acceptInvitation: createAcceptInvitation({ organisations, secrets: challengeSecrets, confirmRevocation }),
  };

  // What is done by itself.
  const cleanUp = createCleanUp({
    auth,
    contacts: contactFunctions,
    contactReservation: config.CONTACT_RESERVATION,
    sessionRetention: config.SESSION_RETENTION,
    eventRetention: config.EVENT_RETENTION,
    messageRetention: config.MESSAGE_RETENTION,
  });
  // What was noted last is written when the job has ended, which is after the door was closed.
  opened.defer(() => activity.flush().catch(onProblem));
  const jobs = [
    createPeriodic({ interval: config.CLEAN_UP_INTERVAL, work: cleanUp, onProblem }),
    createPeriodic({ interval: 60_000, work: () => rotateKeys('if-due'), onProblem }),
    createPeriodic({ interval: 1000, work: () => revocations.prune(), onProblem }),
    createPeriodic({ interval: config.SESSION_ACTIVITY_INTERVAL, work: activity.flush, onProblem }),
  ];
  for (const job of jobs) {
    job.start();
    opened.defer(() => job.stop());
  }

  // The door.
  let gateway: Address | null = null;
  const origins = createOrigins({
    url: config.GATEWAY_URL,
    others: config.BROWSER_ORIGINS,
    port: () => gateway?.port ?? null,
  });
  const checkRequest = createCheckRequest({ validateToken, isAllowedOrigin: origins.isAllowed });
  const health = HealthState();
  const encodeValidations = createEncodeValidations();
  const recognizeService = createRecognizeService({
    callers,
    local: config.LOCAL_CALLERS ? { name: 'local', interfaces: LOCAL_CALLER_INTERFACES } : null,
  });
  // What these answer leaves no line in the log, so they stand back where such lines are wanted.
  const isLogged = () => logger.isLevelEnabled('debug');
  const keysMaxAge = config.SIGNING_KEY_PUBLISH_AHEAD / 2;
  const validateDirectly = (path: string) =>
    new Map([[path, createValidateDirectly({ path, recognizeService, validateToken, encodeValidations, isLogged })]]);
  const limits = { redis, isWorker: primary !== null };
  const availabilityLimiter = createRateLimiter({
    ...limits,
    name: 'availability-checks',
    callsPerMinute: config.AVAILABILITY_CHECKS_PER_MINUTE,
  });
  const roleChangeLimiter = createRateLimiter({
    ...limits,
    name: 'role-changes',
    callsPerMinute: config.ROLE_CHANGES_PER_MINUTE,
  });
  const services = {
    auth: createAuthService({
      register,
      startGuestSession,
      loginWithPassword,
      startCodeLogin,
      finishCodeLogin,
      refresh,
      logout,
      validateToken,
      encodeValidations,
    }),
    accounts: createAccountsService(accountCases),
    keys: createKeysService({ keys, maxAge: keysMaxAge }),
    revocations: createRevocationsService({
      watchRevocations,
      profile: { ...claims, longestLifetime: config.ACCESS_TOKEN_LIFETIME },
    }),
    tokensAdmin: createTokensAdminService({ explainToken }),
    registration: createRegistrationService({ startRegistration, checkRegistration, finishRegistration }),
    passwords: createPasswordsService(passwordCases),
    sessions: createSessionsService(sessionCases),
    roles: createRolesService(roleCases),
    organisations: createOrganisationsService(organisationCases),
    users: createUsersService({ lookUpUsers: createLookUpUsers({ users }) }),
    usersAdmin: createUsersAdminService(userCases),
    audit: createAuditService({ listAuditEvents: createListAuditEvents({ audit: auditFunctions, pageTokens }) }),
    messagesAdmin: createMessagesAdminService({
      listMessages: createListMessages({ messages, pageTokens }),
      resendMessage: createResendMessage({ messages }),
    }),
    support: createSupportService(supportCases),
    authorization: createAuthorizationService({ checkRequest }),
  };
  const chain: SharedChainDeps = {
    rules,
    logger,
    clock,
    limiter: createRateLimiter({ ...limits, name: 'calls', callsPerMinute: config.PUBLIC_CALLS_PER_MINUTE }),
    userLimiter: createRateLimiter({ ...limits, name: 'user-calls', callsPerMinute: config.USER_CALLS_PER_MINUTE }),
    methodLimiters: new Map([
      // Both say whether a contact is taken.
      ['/accounts.v1.AccountsService/CheckAvailability', availabilityLimiter],
      ['/accounts.v1.AccountsService/AddContact', availabilityLimiter],
      // Every refusal is written down.
      ['/accounts.v1.RolesService/GrantRole', roleChangeLimiter],
      ['/accounts.v1.RolesService/RevokeRole', roleChangeLimiter],
      ['/accounts.v1.OrganisationsService/InviteMember', roleChangeLimiter],
      [
        '/accounts.v1.SupportService/FindUser',
        createRateLimiter({ ...limits, name: 'support-looks', callsPerMinute: config.SUPPORT_LOOKS_PER_MINUTE }),
      ],
      [
        '/auth.v1.AuthService/StartGuestSession',
        createRateLimiter({ ...limits, name: 'guests', callsPerMinute: config.GUESTS_PER_MINUTE }),
      ],
    ]),
    validateToken,
    checkPermission: (input) => accounts.checkPermission(input),
    isRecentLogin: (sessionId, maxAge) => auth.isRecentLogin(sessionId, maxAge),
    anonymousInterfaces,
    defaultLanguage: config.DEFAULT_LANGUAGE,
    places: createPlaces({ maxInFlight: config.MAX_CALLS_IN_FLIGHT }),
  };
  const descriptors = await readDescriptors();
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, descriptors));
  const server = createGrpcServer({
    ...chain,
    services,
    health,
    recognizeService,
    direct: {
      calls: validateDirectly('/auth.v1.AuthService/ValidateToken'),
      streams: validateDirectly('/auth.v1.AuthService/StreamValidateTokens'),
    },
    hasClientCertificates: config.TLS_CLIENT_CA_FILE !== undefined,
    descriptors,
    registry,
    hasReflection: config.REFLECTION,
  });
  const { host, port: wantedPort } = config.LISTEN_ADDRESS;
  const port = await server.listen(`${host.includes(':') ? `[${host}]` : host}:${wantedPort}`, credentials);
  // Both doors close at once: the grace is one for both.
  const doors = [server.stop];
  opened.defer(async () => {
    await Promise.all(doors.map((stop) => stop(config.SHUTDOWN_GRACE)));
  });

  // The door for browsers.
  if (config.GATEWAY_ADDRESS !== 'off') {
    const { host: gatewayHost, port: wantedGatewayPort } = config.GATEWAY_ADDRESS;
    const browserDoor = createGateway({
      services,
      chain,
      registry,
      origins,
      nonces: createDpopNonces({ key: deriveSubkey(config.MASTER_KEY, 'dpop-nonce'), clock }),
      checkRequest,
      trustedProxies: config.TRUSTED_PROXIES,
      keys,
      keysMaxAge,
      issuer: config.TOKEN_ISSUER,
      pageDirectory: fileURLToPath(new URL('./gen/page', import.meta.url)),
    });
    gateway = { host: gatewayHost, port: await browserDoor.listen(gatewayHost, wantedGatewayPort) };
    doors.push(browserDoor.stop);
  }
  health.setStatus('healthy');
  opened.defer(() => health.setStatus('unhealthy'));
  logger.info({ host, port, gateway }, 'serving');

  // Messages: begun last and ended first, so that nothing is sent by a replica that does not serve.
  const providers = createChannels({
    names: [...new Set(contacts.types.flatMap(({ channel }) => channel ?? []))],
    config,
    isLoopbackHost,
    concurrency: MESSAGES_AT_ONCE,
    clock,
    print,
  });
  const compose = createCompose({
    secrets: challengeSecrets,
    render: createRenderMessage({ product: config.PRODUCT_NAME ?? UNNAMED_PRODUCT, fallback: config.DEFAULT_LANGUAGE }),
    linkBase: config.LINK_BASE_URL,
  });
  const maySend = async () => redis === null || (await isReachable(redis));
  for (const [channel, provider] of providers) {
    if (!provider) {
      logger.warn(
        { channel },
        `no provider of messages is configured: what is to be sent will be dead; set one of ${providerSettings(channel)}`,
      );
    }
    opened.defer(() => provider?.close());
    const sender = createSender({
      channel,
      provider,
      messages,
      compose,
      concurrency: MESSAGES_AT_ONCE,
      budget: channel === 'sms' ? config.SMS_PER_HOUR : null,
      maySend,
      clock,
      delay: systemDelay,
      logger,
      onProblem,
    });
    sender.start();
    opened.defer(() => sender.stop());
  }

  const running = opened.move();
  return { address: { host, port }, gateway, stop: () => running.disposeAsync() };
}

/** Of all that is served: ours, health, Envoy's authorization, and error details, with which grpcurl can show them. */
function readDescriptors(): Promise<Uint8Array> {
  return readFile(new URL('./gen/served.binpb', import.meta.url));
}
