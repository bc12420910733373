import type { Clients } from './service.ts';
import { bearer, tokensOf } from './people.ts';
import { createRoleModel } from './role-model.ts';
import type { RoleGraph } from './role-model.ts';
import { openSession } from './sessions.ts';
import type { TestDatabase } from './test-database.ts';

type Query = TestDatabase['query'];

/** Somebody without contacts, for the price of no hash, who holds roles as such and is signed in. */
export async function roleHolder(
  clients: Pick<Clients, 'auth'>,
  database: Pick<TestDatabase, 'query'>,
  ...roles: string[]
) {
  const userId = await addRoleHolder(database.query, ...roles);
  const { refreshToken, sessionId } = await openSession(database, userId);
  const tokens = tokensOf(await clients.auth.refresh({ refreshToken }));
  return { userId, sessionId, tokens, as: bearer(tokens.accessToken) };
}

/** Somebody who holds roles as such; returns the id. */
export async function addRoleHolder(query: Query, ...roles: string[]): Promise<string> {
  const [user] = await query<{ id: string }>(
    `with added as (insert into accounts.users default values returning id),
          held as (insert into accounts.user_group_memberships (user_id, group_name)
                   select a.id, r.name from added a cross join unnest($1::text[]) r (name))
     select id from added`,
    [roles],
  );
  return user?.id ?? '';
}

/** An organisation with people in it; returns the id. */
export async function addOrganisation(
  query: Query,
  { heads = [], members = [] }: { readonly heads?: readonly string[]; readonly members?: readonly string[] },
): Promise<string> {
  const [organisation] = await query<{ id: string }>(
    `with added as (insert into accounts.organisations (name) values ('Test') returning id),
          joined as (insert into accounts.organisation_members (organisation_id, user_id, is_head)
                     select a.id, u.id, u.id = any ($1) from added a cross join unnest($1::uuid[] || $2::uuid[]) u (id))
     select id from added`,
    [heads, members],
  );
  return organisation?.id ?? '';
}

/** The graph of the roles that are switched on, from the tables. */
export async function readRoleGraph(query: Query): Promise<RoleGraph> {
  const roles = await query<{ name: string; level: number; scope: 'anyone' | 'organisation' }>(
    'select name, level, grant_scope as scope from accounts.user_groups where is_active order by level desc, name',
  );
  const grants = await query<{ pair: string }>(
    "select granter || ' ' || grantee as pair from accounts.user_group_grants",
  );
  const registrations = await query<{ pair: string }>(
    "select interface || ' ' || group_name as pair from accounts.user_group_registrations",
  );
  return {
    roles: new Map(roles.map(({ name, ...role }) => [name, role])),
    grants: new Set(grants.map(({ pair }) => pair)),
    registrations: new Set(registrations.map(({ pair }) => pair)),
  };
}

/** The model, with what the tables hold. */
export async function readRoleModel(query: Query) {
  const model = createRoleModel(await readRoleGraph(query));
  const users = await query<{ id: string; state: 'open' | 'closed' | 'guest' }>(
    `select id, case when not is_active or deleted_at is not null then 'closed' when is_guest then 'guest' else 'open' end as state
       from accounts.users`,
  );
  for (const { id, state } of users) model.states.set(id, state);
  for (const { key } of await readHeld(query)) model.held.add(key);
  const members = await query<{ key: string; head: boolean | null }>(
    `select organisation_id || ' ' || user_id as key, case when deleted_at is null then is_head end as head
       from accounts.organisation_members`,
  );
  for (const { key, head } of members) model.members.set(key, head ?? undefined);
  return model;
}

/** Who holds which role where, as the model writes it. */
export async function readHeld(
  query: Query,
): Promise<readonly { readonly key: string; readonly givenBy: string | null }[]> {
  return await query<{ key: string; givenBy: string | null }>(
    `select concat_ws(' ', user_id, group_name, coalesce(organisation_id::text, '')) as key, granted_by as "givenBy"
       from accounts.user_group_memberships where is_active`,
  );
}
