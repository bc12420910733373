import { parseArgs } from 'node:util';
import { createFirstSuperadmin } from './admin/create-superadmin.ts';
import { openDatabase } from './admin/open-database.ts';
import { pruneAudit } from './admin/prune-audit.ts';
import { readPassword } from './admin/read-password.ts';
import { rotateKeysNow } from './admin/rotate-keys.ts';
import { withdrawKeyNow } from './admin/withdraw-key.ts';
import { readEnvironment } from './config/environment.ts';
import { AppError } from './errors/app-error.ts';

const USAGE = `Commands on the machine, run with the rights of the database's owner.

  npm run admin -- create-superadmin --login <second_login> [--email <address>] [--phone <number>]
      Makes the first superadmin; once. The password is asked for, or read from standard input.

  npm run admin -- rotate-keys
      Adds a signing key that takes over within seconds. Tokens signed before stay valid until they expire.

  npm run admin -- withdraw-key --kid=<kid>
      For a key that leaked: ends it at once, with all access tokens that it signed. If it signs now, a new key takes over,
      also in place of one that is published for later. The kid is in a token's header and in GetJwks.

  npm run admin -- prune-audit --older-than=<age>
      Removes entries of the audit that are older, such as 400d; 30d at least. Nothing else removes any.

The database: DATABASE_OWNER_URL (and MASTER_KEY for the keys); without it the one that npm start runs in .data/.
`;

/** The commands, and whether they read or write signing keys. */
const NEEDS_MASTER_KEY = {
  'create-superadmin': false,
  'rotate-keys': true,
  'withdraw-key': true,
  'prune-audit': false,
} as const;

function isCommand(text: string | undefined): text is keyof typeof NEEDS_MASTER_KEY {
  return text !== undefined && Object.hasOwn(NEEDS_MASTER_KEY, text);
}

async function run(): Promise<string> {
  const { positionals, values } = parseArgs({
    allowPositionals: true,
    options: {
      login: { type: 'string' },
      email: { type: 'string' },
      phone: { type: 'string' },
      kid: { type: 'string' },
      'older-than': { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [command] = positionals;
  if (values.help) return USAGE;
  if (!isCommand(command)) throw new TypeError(USAGE);
  const needsMasterKey = NEEDS_MASTER_KEY[command];
  const database = await openDatabase({ dataDir: '.data', needsMasterKey, environment: readEnvironment() });
  try {
    switch (command) {
      case 'rotate-keys':
        return await rotateKeysNow(database);
      case 'withdraw-key':
        return await withdrawKeyNow(database, values.kid);
      case 'prune-audit':
        return await pruneAudit(database, values['older-than']);
      case 'create-superadmin':
        return await createFirstSuperadmin(database, { ...values, readPassword });
    }
  } finally {
    await database.close();
  }
}

try {
  console.log(await run());
} catch (error) {
  // Written for people, all of them: no stack. Of a database that does not answer, the driver's own words.
  const shown = error instanceof AppError ? (error.cause ?? error) : error;
  console.error(shown instanceof Error ? shown.message : String(shown));
  process.exitCode = 1;
}
