import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { sourceFiles } from '../house/source-files.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';
import { connectSuperuser } from './superuser.ts';

const HASH = "repeat('a', 64)";

/** An insertion of a row that is right but for what is given. */
function row(table: string, right: Readonly<Record<string, string>>, wrong: Readonly<Record<string, string>>): string {
  const all = { ...right, ...wrong };
  return `insert into ${table} (${Object.keys(all).join(', ')}) values (${Object.values(all).join(', ')})`;
}
type Values = Readonly<Record<string, string>>;
const type = (wrong: Values) =>
  row(
    'accounts.contact_types',
    { name: "'pigeon'", title: "'Pigeon'", is_exclusive: 'true', needs_confirmation: 'true', channel: "'pigeon'" },
    wrong,
  );
const user = (wrong: Values) => row('accounts.users', { profile: "'{}'" }, wrong);
const contact = (wrong: Values) =>
  row(
    'accounts.user_contacts',
    { user_id: '(select id from accounts.users)', type: "'email'", value: "'new'", confirmed_at: 'now()' },
    wrong,
  );
const trigger = (wrong: Values) =>
  row(
    'auth.revocation_triggers',
    { name: "'new'", sessions: "'all'", ends_challenges: 'true', about: "'A new one'" },
    wrong,
  );
const code = (wrong: Values) =>
  row(
    'auth.challenges',
    {
      ...{ id: 'gen_random_uuid()', purpose: "'code_login'", method: "'code'", contact_type: "'phone'" },
      ...{ contact: "'new'", secret_hash: HASH, tries_left: '5', expires_at: 'now()' },
    },
    wrong,
  );
const message = (wrong: Values) =>
  row(
    'auth.messages',
    {
      ...{ channel: "'email'", recipient: "'a@example.com'", template: "'code_login'", language: "'en'" },
      ...{ state: "'pending'", expires_at: 'now()' },
    },
    wrong,
  );

const PASSWORD_HASH = `'$2b$10$' || repeat('a', 53)`;

/** By constraint: statements that it has to refuse. */
const VIOLATIONS: Readonly<Record<string, readonly string[]>> = {
  contact_types_channel_form: ["'SMS'", "''", "'a'", "'-'", "'two words'"].map((channel) => type({ channel })),
  contact_types_can_be_confirmed: [type({ channel: 'null' })],
  user_contacts_primary_is_usable: [
    contact({ is_primary: 'true', confirmed_at: 'null' }),
    contact({ is_primary: 'true', is_active: 'false', deactivated_at: 'now()' }),
  ],
  users_display_name_length: ["''", "'ab'", "repeat('a', 31)"].map((name) => user({ display_name: name })),
  users_bio_length: ["''", "repeat('a', 501)"].map((bio) => user({ bio })),
  users_country_form: ["''", "'ru'", "'RUS'", "'R'", "'R1'"].map((country) => user({ country })),
  users_language_form: ["''", "'RU'", "'r'", "'russ'", "'ru-RU'"].map((language) => user({ language })),
  users_guest_has_no_password: [user({ is_guest: 'true', password_hash: PASSWORD_HASH })],
  users_deactivation: [user({ is_active: 'true', deactivated_at: 'now()' })],
  users_contacts_released: [user({ is_active: 'false', contacts_released_at: 'now()' })],
  revocation_triggers_sessions_known: ["'none'", "''", "'ALL'"].map((sessions) => trigger({ sessions })),
  challenges_purpose_known: ["''", "'login'"].map((purpose) => code({ purpose })),
  challenges_method: [
    code({ tries_left: 'null' }),
    code({ tries_left: '-1' }),
    code({ method: "'link'" }),
    code({ method: "'pigeon'" }),
    code({ method: "'pigeon'", tries_left: 'null' }),
  ],
  challenges_secret_hash_form: ["''", "'123456'", "repeat('A', 64)", "repeat('a', 65)"].map((hash) =>
    code({ secret_hash: hash }),
  ),
  challenges_end: [code({ ended_at: 'now()' }), code({ end_cause: "'used'" })],
  challenges_end_cause_known: [code({ ended_at: 'now()', end_cause: "'whim'" })],
  messages_state_known: ["''", "'lost'"].map((state) => message({ state })),
  messages_recipient_form: ["''", "repeat('a', 321)", "E'a@example.com\\r\\nbcc: b@example.com'"].map((recipient) =>
    message({ recipient }),
  ),
  messages_last_error_length: [message({ last_error: "repeat('a', 1001)" })],
  messages_sent: [message({ state: "'sent'" }), message({ sent_at: 'now()' })],
  // Unique indexes: what may be there once.
  user_contacts_confirmed_value: [
    `${contact({})}; insert into accounts.users default values;
     insert into accounts.user_contacts (user_id, type, value, confirmed_at)
       select u.id, 'phone', 'new', now() from accounts.users u
        where not exists (select from accounts.user_contacts c where c.user_id = u.id)`,
  ],
  user_contacts_own_value: [
    `${contact({ confirmed_at: 'null' })}; ${contact({ confirmed_at: 'null', type: "'phone'" })}`,
  ],
  user_contacts_primary: [`${contact({ is_primary: 'true' })}; ${contact({ is_primary: 'true', value: "'newer'" })}`],
  challenges_live: [`${code({})}; ${code({})}`, `${code({})}; ${code({ method: "'link'", tries_left: 'null' })}`],
};

/** Rows at the edges of what is allowed. */
const ALLOWED: readonly string[] = [
  type({}),
  type({ needs_confirmation: 'false', channel: 'null' }),
  user({ display_name: "'abc'", bio: "'a'", country: "'RU'", language: "'ru'" }),
  user({ display_name: "repeat('ё', 30)", bio: "repeat('ё', 500)", language: "'tat'" }),
  user({ is_guest: 'true' }),
  user({ is_active: 'false', deactivated_at: 'now()', contacts_released_at: 'now()' }),
  // One that an administrator has switched off is not closed by its owner.
  user({ is_active: 'false' }),
  `${contact({ is_primary: 'true' })}; ${contact({ value: "'newer'" })}`,
  `${code({})}; ${code({ purpose: "'registration'" })}; ${code({ contact: "'newer'" })}`,
  `${code({ ended_at: 'now()', end_cause: "'used'" })}; ${code({ ended_at: 'now()', end_cause: "'used'" })}; ${code({})}`,
  code({ method: "'link'", tries_left: 'null' }),
  code({ tries_left: '0' }),
  message({ state: "'sent'", sent_at: 'now()', recipient: "repeat('a', 320)", last_error: "repeat('a', 1000)" }),
  message({ state: "'suppressed'" }),
  trigger({ sessions: "'others'" }),
];

let database: TestDatabase;
let superuser: pg.Client;
beforeAll(async () => {
  database = await createTestDatabase();
  await database.query('insert into accounts.users default values');
  superuser = await connectSuperuser(database);
});
afterAll(async () => {
  await superuser?.end();
  await database?.drop();
});

/** The constraint that refuses a statement; null: nothing does. Nothing is kept. */
async function refusedBy(statement: string): Promise<string | null> {
  await superuser.query('begin');
  try {
    await superuser.query(statement);
    return null;
  } catch (error) {
    const { constraint, message: text } = error as pg.DatabaseError;
    return constraint ?? text;
  } finally {
    await superuser.query('rollback');
  }
}

describe('The constraints of the ways in', () => {
  it.each(Object.keys(VIOLATIONS))('%s refuses what breaks it', async (name) => {
    for (const statement of VIOLATIONS[name] ?? []) expect(await refusedBy(statement), statement).toBe(name);
  });

  it.each(ALLOWED.map((statement) => [statement]))('take %s', async (statement) => {
    expect(await refusedBy(statement)).toBeNull();
  });

  it('are all tried here', () => {
    const [migration] = sourceFiles('sql/migrations', '0004_ways_in.sql');
    const names = [
      ...(migration?.text ?? '').matchAll(/\bconstraint (\w+)\s+check\b|\bcreate unique index (\w+)/g),
    ].map(([, check, index]) => check ?? index);
    expect(names.sort()).toEqual(Object.keys(VIOLATIONS).sort());
  });
});
