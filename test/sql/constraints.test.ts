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
const ARGON2_HASH = `'$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$' || repeat('a', 43)`;

const group = (wrong: Values) =>
  row(
    'accounts.user_groups',
    { name: "'new'", title: "'New'", level: '10', listing: "'own'", interface: "'customer'" },
    wrong,
  );
const replica = (wrong: Values) => row('auth.replicas', { id: 'gen_random_uuid()', lease: "'1s'" }, wrong);
const organisation = (wrong: Values) => row('accounts.organisations', { name: "'New'" }, wrong);
const AN_ORGANISATION = '(select id from accounts.organisations order by id limit 1)';
const A_USER = '(select id from accounts.users order by id limit 1)';
const membership = (wrong: Values) =>
  row('accounts.user_group_memberships', { user_id: A_USER, group_name: "'driver'" }, wrong);
const invitation = (wrong: Values) =>
  code({
    ...{ purpose: "'invitation'", method: "'link'", tries_left: 'null', contact_type: "'email'" },
    ...{ organisation_id: AN_ORGANISATION, ...wrong },
  });
const INVITED: Values = {
  challenge_id: '(select id from auth.challenges order by id limit 1)',
  organisation_id: AN_ORGANISATION,
  invited_by: A_USER,
  roles: "array['driver']",
};
const revocation = (wrong: Values) =>
  row(
    'auth.revocations',
    {
      ...{ revision: '1', kind: "'session'", subject: 'gen_random_uuid()', user_id: A_USER },
      ...{ trigger: "'logout_all'", expires_at: 'now()' },
    },
    wrong,
  );
const audit = (wrong: Values) =>
  row('auth.audit_events', { action: "'role.granted'", actor_id: 'gen_random_uuid()' }, wrong);

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
  revocation_triggers_sessions_known: ["'some'", "''", "'ALL'"].map((sessions) => trigger({ sessions })),
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
  replicas_token_lifetime_range: ["'0s'", "'2 days'"].map((lifetime) => replica({ token_lifetime: lifetime })),
  challenges_end_cause_known: [code({ ended_at: 'now()', end_cause: "'whim'" })],
  messages_state_known: ["''", "'lost'"].map((state) => message({ state })),
  messages_recipient_form: ["''", "repeat('a', 321)", "E'a@example.com\\r\\nbcc: b@example.com'"].map((recipient) =>
    message({ recipient }),
  ),
  messages_last_error_length: [message({ last_error: "repeat('a', 1001)" })],
  messages_sent: [message({ state: "'sent'" }), message({ sent_at: 'now()' })],
  challenges_invitation: [
    invitation({ organisation_id: 'null' }),
    `${organisation({})}; ${code({ organisation_id: AN_ORGANISATION })}`,
  ],
  user_groups_grant_scope_known: ["''", "'all'", "'ANYONE'"].map((scope) => group({ grant_scope: scope })),
  organisations_name_length: ["''", "repeat('a', 101)", "E'a\\nb'"].map((name) => organisation({ name })),
  user_group_memberships_deletion: [
    membership({ is_active: 'false' }),
    membership({ is_active: 'true', deleted_at: 'now()' }),
  ],
  organisation_invitations_roles: ["'{}'", "array_fill('driver'::text, array[21])"].map(
    (roles) =>
      `${organisation({})}; ${invitation({})}; ${row('accounts.organisation_invitations', INVITED, { roles })}`,
  ),
  revocations_kind_known: [revocation({ kind: "'user'" })],
  revocations_roles: [revocation({ kind: "'roles'" }), revocation({ roles: "array['driver']" })],
  users_deletion: [user({ deleted_by: 'gen_random_uuid()' })],
  users_password_hash_form: [
    ...["''", "'secret'", `${PASSWORD_HASH} || 'a'`, `'$2x$10$' || repeat('a', 53)`, `'$1' || ${PASSWORD_HASH}`],
    ...["'$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ'", `${ARGON2_HASH} || '='`, `replace(${ARGON2_HASH}, 'id', 'i')`],
  ].map((hash) => user({ password_hash: hash })),
  audit_events_action_form: ["''", "'granted'", "'Role.granted'", "'role.'", "'role.granted '", "'role.1'"].map(
    (action) => audit({ action }),
  ),
  // Unique indexes: what may be there once.
  user_group_memberships_one: [
    `${membership({})}; ${membership({})}`,
    `${organisation({})}; ${membership({ organisation_id: AN_ORGANISATION })}; ${membership({ organisation_id: AN_ORGANISATION })}`,
  ],
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
  challenges_live: [
    `${code({})}; ${code({})}`,
    `${code({})}; ${code({ method: "'link'", tries_left: 'null' })}`,
    `${organisation({})}; ${invitation({})}; ${invitation({})}`,
  ],
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
  // Of delegation.
  trigger({ sessions: "'none'" }),
  group({}),
  group({ grant_scope: "'organisation'" }),
  organisation({ name: "repeat('ё', 100)" }),
  membership({}),
  membership({ is_active: 'false', deleted_at: 'now()' }),
  `${organisation({})}; ${membership({})}; ${membership({ organisation_id: AN_ORGANISATION })}`,
  `${organisation({})}; ${invitation({})}; ${row('accounts.organisation_invitations', INVITED, {})}`,
  // One of each organisation, to the same address.
  `${organisation({})}; ${invitation({})}; ${organisation({ id: 'uuidv7()' })};
   ${invitation({ organisation_id: '(select id from accounts.organisations order by id desc limit 1)' })}`,
  revocation({}),
  revocation({ kind: "'token'" }),
  revocation({ kind: "'roles'", roles: "'{}'" }),
  user({ deleted_at: 'now()', deleted_by: 'gen_random_uuid()' }),
  user({ password_hash: PASSWORD_HASH }),
  user({ password_hash: ARGON2_HASH }),
  audit({}),
  audit({ action: "'role.grant_refused'" }),
  audit({ action: "'user.sessions.ended'" }),
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

describe('The constraints of the ways in and of delegation', () => {
  it.each(Object.keys(VIOLATIONS))('%s refuses what breaks it', async (name) => {
    for (const statement of VIOLATIONS[name] ?? []) expect(await refusedBy(statement), statement).toBe(name);
  });

  it.each(ALLOWED.map((statement) => [statement]))('take %s', async (statement) => {
    expect(await refusedBy(statement)).toBeNull();
  });

  it('are all tried here', () => {
    const text = ['0004_ways_in.sql', '0005_delegation.sql']
      .flatMap((file) => sourceFiles('sql/migrations', file))
      .map((migration) => migration.text)
      .join('\n');
    const names = [...text.matchAll(/\bconstraint (\w+)\s+check\b|\bcreate unique index (\w+)/g)].map(
      ([, check = '', index]) => index ?? check,
    );
    expect([...new Set(names)].sort()).toEqual(Object.keys(VIOLATIONS).sort());
  });
});
