// Who may import whom. test/house tries every wall against a violation.

/** Beside hashing and the policy, passwords/ holds use cases: one name down the stack. */
const USE_CASES =
  '^src/((auth|accounts|registration|challenges|organisations|users|roles|sessions|audit)/|passwords/(change|set|start|finish)-)';
/** Started from a command line. They construct, as app.ts does. */
const ENTRY_POINTS = [
  '^src/main[.]ts$',
  '^src/admin[.]ts$',
  '^src/probe[.]ts$',
  '^src/embedded/call[.]ts$',
  '^src/workers/worker[.]ts$',
  '^src/web/main[.]tsx$',
];
/** What constructs: app.ts, and what the commands are made of. */
const COMPOSITION = [
  ...ENTRY_POINTS,
  '^src/app([.]ts$|/)',
  '^src/serve[.]ts$',
  '^src/admin/',
  '^src/embedded/start-embedded[.]ts$',
];

/** What other services import as `auth-service/client`. */
const FACE_OF_THE_CLIENT = '^src/client/client[.]ts$';
/** Of the service's own, what the client package takes along: it runs where no database is. */
const SHARED_WITH_THE_CLIENT = [
  '^src/clock[.]ts$',
  '^src/revocation/(view|revocation-log|role-changes|current-roles|uuid-words)[.]ts$',
  '^src/tokens/(compact-jws|access-token-claims|jws-signature|verification-key)[.]ts$',
  '^src/tokens/(access-token-verifier|verified-token-cache)[.]ts$',
];

/** Nothing of ours but what is listed. */
const only = (name, from, allowed, comment) => ({
  name,
  severity: 'error',
  comment,
  from: { path: from },
  to: { path: '^src/', pathNot: allowed },
});
/** A package that has one home. */
const home = (name, library, homes, comment, types = {}) => ({
  name,
  severity: 'error',
  comment,
  from: { path: '^src/', pathNot: homes },
  to: { path: `/node_modules/${library}/|^node_modules/${library}/|^${library}$`, ...types },
});
const TYPE_ONLY = { dependencyTypesNot: ['type-only'] };

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', comment: 'Types count too.', from: {}, to: { circular: true } },
    {
      name: 'no-orphans',
      severity: 'error',
      comment: 'A file that nobody imports is a command, or it is dead.',
      from: { path: '^src/' },
      module: {
        path: '^src/',
        pathNot: [...ENTRY_POINTS, FACE_OF_THE_CLIENT, '^src/gen/'],
        numberOfDependentsLessThan: 1,
      },
    },
    {
      name: 'no-barrels',
      severity: 'error',
      comment: 'An index.ts makes a folder one module, and cycles begin there.',
      from: { path: '^src/(?!gen/).*/index[.]ts$' },
      to: {},
    },
    {
      name: 'no-unresolvable',
      severity: 'error',
      comment: 'It would fail at run time.',
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: 'no-development-packages',
      severity: 'error',
      comment: 'They are not installed where the service runs. What the page needs is built into it.',
      from: { path: '^src/', pathNot: '^src/(gen|web)/' },
      to: { dependencyTypes: ['npm-dev', 'npm-no-pkg', 'npm-unknown'], dependencyTypesNot: ['type-only'] },
    },

    only('gen-imports-nothing', '^src/gen/', ['^src/gen/'], 'Generated: it knows its own packages.'),
    only('caller-imports-nothing', '^src/(caller|clock)[.]ts$', [], 'Everybody may know who asks and what time it is.'),
    only(
      'config-imports-nothing',
      '^src/config/',
      ['^src/config/'],
      'Settings are read before anything else is there.',
    ),
    only(
      'errors-import-the-catalogue-only',
      '^src/errors/',
      ['^src/errors/', '^src/gen/auth/v1/error_reason[.]ts$'],
      'Everybody throws them. The catalogue is a proto enum.',
    ),
    only(
      'fields-stand-on-errors',
      '^src/fields/',
      ['^src/fields/', '^src/errors/', '^src/tokens/(uuid|page-token)[.]ts$'],
      'What requests have in common: ids, pages, names of roles.',
    ),
    only(
      'passwords-import-errors-only',
      '^src/passwords/(?!(change|set|start|finish)-)',
      ['^src/passwords/(?!(change|set|start|finish)-)', '^src/errors/'],
      'Hashing knows nothing of accounts.',
    ),
    only(
      'tokens-stand-on-nothing',
      '^src/tokens/',
      [
        '^src/tokens/',
        '^src/errors/',
        '^src/clock[.]ts$',
        '^src/db/auth-functions[.]ts$',
        '^src/config/settings[.]ts$',
      ],
      'Keys come through the types of the stored functions; key-rotation-settings.ts reads the type of the configuration.',
    ),
    only(
      'revocation-stands-on-types',
      '^src/revocation/',
      [
        '^src/revocation/',
        '^src/errors/',
        '^src/clock[.]ts$',
        '^src/message-bus[.]ts$',
        '^src/db/auth-functions[.]ts$',
        '^src/tokens/',
      ],
      'What was revoked is known without knowing how a call arrives; the leeway of tokens is how long it is kept.',
    ),
    only(
      'db-imports-errors-only',
      '^src/db/',
      ['^src/db/', '^src/errors/'],
      'The stored functions know neither calls nor use cases.',
    ),
    only(
      'redis-imports-errors-only',
      '^src/redis/',
      ['^src/redis/', '^src/errors/', '^src/message-bus[.]ts$'],
      'As for db.',
    ),
    only(
      'jobs-import-types-of-db-only',
      '^src/jobs/',
      ['^src/jobs/', '^src/db/(auth|contact)-functions[.]ts$'],
      'As for use cases.',
    ),
    only(
      'use-cases-know-no-transport',
      USE_CASES,
      [
        ...[USE_CASES, '^src/tokens/', '^src/passwords/', '^src/errors/', '^src/caller[.]ts$', '^src/clock[.]ts$'],
        ...['^src/db/', '^src/redis/', '^src/revocation/', '^src/fields/'],
      ],
      'Their inputs and outputs are our own types, never generated ones.',
    ),
    only(
      'services-only-translate',
      '^src/grpc/services/',
      [
        ...[USE_CASES, '^src/gen/', '^src/caller[.]ts$', '^src/errors/', '^src/grpc/', '^src/tokens/'],
        '^src/db/auth-functions[.]ts$',
      ],
      'Messages to inputs, results to messages. tokens: the key ring is what GetJwks shows, and the longest token is a limit ' +
        'of the message. db: the type of a scope that a use case takes over from its function.',
    ),
    only(
      'grpc-knows-no-storage',
      '^src/grpc/(?!services/)',
      [
        ...['^src/grpc/(?!services/)', '^src/gen/', '^src/caller[.]ts$', '^src/clock[.]ts$', '^src/errors/'],
        '^src/languages[.]ts$',
        ...['^src/tokens/', '^src/auth/validate-token[.]ts$', '^src/config/service-caller[.]ts$'],
      ],
      'The chain asks the use case ValidateToken who calls; who the services are is a setting.',
    ),
    only(
      'gateway-knows-no-storage',
      '^src/gateway/',
      [
        ...['^src/gateway/', '^src/grpc/(?!server[.]ts)', '^src/gen/', '^src/errors/', '^src/tokens/'],
        ...['^src/clock[.]ts$', '^src/auth/check-request[.]ts$'],
      ],
      'It speaks other protocols and hands calls on to the chain of gRPC.',
    ),
    only(
      'page-stands-alone',
      '^src/web/',
      ['^src/web/', '^src/gen/web/'],
      'It runs in browsers and knows the contract only, as every other front end does.',
    ),
    only(
      'session-of-the-page-can-be-copied',
      '^src/web/session/',
      ['^src/web/session/', '^src/gen/web/', '^src/web/calls/failure[.]ts$', '^src/web/store[.]ts$'],
      'Front-end teams take it over: it draws nothing.',
    ),
    {
      name: 'page-runs-in-browsers',
      severity: 'error',
      comment: 'There is no Node there.',
      from: { path: '^src/web/' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'nobody-imports-the-page',
      severity: 'error',
      comment: 'The gateway serves it as files.',
      from: { path: '^src/(?!web/)' },
      to: { path: '^src/web/' },
    },
    only(
      'messages-know-what-they-carry',
      '^src/messages/',
      [
        ...['^src/messages/', '^src/languages[.]ts$', '^src/clock[.]ts$', '^src/config/settings[.]ts$'],
        ...['^src/challenges/challenge-secrets[.]ts$', '^src/db/(message|challenge)-functions[.]ts$'],
      ],
      'A sender knows the queue and the secrets of challenges, and no use case; channels.ts reads the type of the configuration.',
    ),
    only(
      'workers-know-processes-only',
      '^src/workers/(?!worker[.]ts)',
      [
        ...['^src/workers/', '^src/errors/', '^src/clock[.]ts$', '^src/message-bus[.]ts$'],
        '^src/passwords/hash-slots[.]ts$',
      ],
      'The primary and what it carries between its workers; what they serve it does not know.',
    ),
    only(
      'client-stands-on-what-is-shared',
      '^src/client/',
      ['^src/client/', '^src/gen/', ...SHARED_WITH_THE_CLIENT],
      'It is installed in other services: no private keys, no database, no settings.',
    ),
    {
      name: 'shared-with-the-client-stays-light',
      severity: 'error',
      comment: 'Whatever it imports is installed in every service that verifies tokens.',
      from: { path: SHARED_WITH_THE_CLIENT },
      to: {
        pathNot: [...SHARED_WITH_THE_CLIENT, '(^|/)node_modules/lru-cache/'],
        dependencyTypesNot: ['core', 'type-only'],
      },
    },
    {
      name: 'nobody-imports-the-client',
      severity: 'error',
      comment: 'The service asks itself.',
      from: { path: '^src/(?!client/)' },
      to: { path: '^src/client/' },
    },
    only(
      'embedded-is-a-set-up-only',
      '^src/embedded/(?!start-embedded|call)',
      ['^src/embedded/', '^src/errors/'],
      'It runs a PostgreSQL and knows nothing of what is stored in it.',
    ),
    {
      name: 'only-types-across-layers',
      severity: 'error',
      comment: 'Only app.ts and the commands construct: everybody else is given what the type describes.',
      from: { path: '^src/', pathNot: [...COMPOSITION, '^src/(client|db|redis|revocation|jobs|config)/'] },
      to: { path: '^src/(db|redis|revocation|jobs|config)/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-types-of-db-below',
      severity: 'error',
      comment: 'Revocation works on functions that it is given.',
      from: { path: '^src/revocation/' },
      to: { path: '^src/db/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'only-types-of-use-cases',
      severity: 'error',
      comment: 'The door is given use cases; it does not make them.',
      from: { path: '^src/', pathNot: [...COMPOSITION, USE_CASES] },
      to: { path: USE_CASES, dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nobody-imports-a-command',
      severity: 'error',
      comment: 'Importing it would run it.',
      from: {},
      to: { path: ENTRY_POINTS },
    },
    {
      name: 'only-commands-import-the-app',
      severity: 'error',
      comment: 'The composition root stands above everything.',
      from: { path: '^src/', pathNot: ['^src/serve[.]ts$', '^src/workers/worker[.]ts$'] },
      to: { path: '^src/app[.]ts$' },
    },
    {
      name: 'only-the-app-imports-its-parts',
      severity: 'error',
      comment: 'They are constructed once, in the order of app.ts.',
      from: { path: '^src/', pathNot: '^src/app([.]ts$|/)' },
      to: { path: '^src/app/' },
    },

    home('jose-lives-in-tokens', 'jose', ['^src/tokens/'], 'One place that can get signatures wrong.'),
    home('bcrypt-lives-in-passwords', 'bcrypt', ['^src/passwords/'], 'One queue bounds all hashing.'),
    home('argon2-lives-in-passwords', '@node-rs/argon2', ['^src/passwords/'], 'One queue bounds all hashing.'),
    home('bowser-lives-in-sessions', 'bowser', ['^src/sessions/'], 'What it reads anybody may have written.'),
    home('maxmind-lives-in-sessions', 'maxmind', ['^src/sessions/'], 'A place is a guess; nothing hangs on it.'),
    home(
      'pg-lives-in-db',
      '(@types/)?pg',
      ['^src/db/', '^src/embedded/'],
      'One place has SQL text; embedded sets a server up.',
    ),
    home(
      'providers-live-in-messages',
      '(nodemailer|mustache|standardwebhooks)',
      ['^src/messages/'],
      'What is sent, and how, is decided in one place.',
    ),
    home('migrations-live-in-db', 'node-pg-migrate', ['^src/db/migrate[.]ts$'], 'It runs as the owner.'),
    home(
      'ioredis-lives-in-redis',
      'ioredis',
      ['^src/redis/', '^src/grpc/rate-limiter[.]ts$'],
      'rate-limiter.ts hands a connection on to its library.',
      TYPE_ONLY,
    ),
    home(
      'ioredis-types-where-it-is-used',
      'ioredis',
      ['^src/redis/', '^src/grpc/rate-limiter[.]ts$'],
      'Nobody else is given a connection.',
    ),
    home(
      'http-libraries-live-in-the-gateway',
      '(@connectrpc/connect(-node)?|cors|cookie|proxy-addr)',
      ['^src/gateway/', '^src/web/'],
      'The protocols of browsers end there.',
    ),
    home(
      'page-libraries-live-in-the-page',
      '(preact|dpop|@connectrpc/connect-web)',
      ['^src/web/'],
      'They are for browsers.',
    ),
    home('grpc-js-lives-in-grpc', '@grpc/grpc-js', ['^src/grpc/', '^src/client/'], 'The transport ends at the door.'),
    home(
      'nice-grpc-lives-in-grpc',
      'nice-grpc(-error-details|-server-health|-server-reflection)?',
      ['^src/grpc/', '^src/client/', '^src/embedded/call[.]ts$', '^src/probe[.]ts$', '^src/app/doors[.]ts$'],
      'Two commands are clients; app/doors.ts makes the state of health. The names of statuses (nice-grpc-common) are no transport.',
    ),
    home(
      'zod-reads-what-comes-in',
      'zod',
      ['^src/config/', '^src/accounts/contact[.]ts$', '^src/tokens/access-token-claims[.]ts$'],
      'Settings, contacts, claims.',
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.js', '.cjs', '.mjs', '.json', '.d.ts'],
    },
  },
};
