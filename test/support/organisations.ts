import { randomUUID } from 'node:crypto';
import { challengeSecretsUnder } from './challenges.ts';
import { roleHolder } from './delegation.ts';
import type { Clients } from './service.ts';
import type { TestDatabase } from './test-database.ts';

type Database = Pick<TestDatabase, 'query'>;
export type RoleHolder = Awaited<ReturnType<typeof roleHolder>>;

/** An address that nobody has. */
export const newEmail = () => `${randomUUID()}@example.com`;

/** An organisation that somebody has just created, and its head. */
export async function foundOrganisation(
  clients: Pick<Clients, 'auth' | 'organisations'>,
  database: Database,
  name = 'Test',
) {
  const head = await roleHolder(clients, database, 'executor_head');
  const { organisation } = await clients.organisations.createOrganisation({ name }, head.as);
  return { head, organisationId: organisation?.organisationId ?? '' };
}

/** Somebody with a confirmed address who is signed in. */
export async function addressHolder(clients: Pick<Clients, 'auth'>, database: Database, ...roles: string[]) {
  const holder = await roleHolder(clients, database, ...roles);
  return { ...holder, email: await giveEmail(database, holder.userId) };
}

/** Gives a user an address that he has confirmed. */
export async function giveEmail(database: Database, userId: string, email = newEmail()): Promise<string> {
  await database.query(
    "insert into accounts.user_contacts (user_id, type, value, confirmed_at) values ($1, 'email', $2, now())",
    [userId, email],
  );
  return email;
}

/** The token of the link that an invitation sends. */
export const invitationToken = (invitationId: string) => challengeSecretsUnder().linkToken(invitationId, 'invitation');

/** Invites an address, as if the pauses between two messages were over; the invitation, and the token of its link. */
export async function invite(
  clients: Pick<Clients, 'organisations'>,
  database: Database,
  { head, organisationId }: { readonly head: Pick<RoleHolder, 'as'>; readonly organisationId: string },
  contact: string,
  roles: string[] = ['driver'],
) {
  await database.query('delete from auth.message_quotas');
  const request = { organisationId, contactType: 'email', contact, roles };
  const { invitationId } = await clients.organisations.inviteMember(request, head.as);
  return { invitationId, token: invitationToken(invitationId) };
}

/** Somebody who has joined by an invitation. */
export async function joinedMember(
  clients: Pick<Clients, 'auth' | 'organisations'>,
  database: Database,
  organisation: { readonly head: Pick<RoleHolder, 'as'>; readonly organisationId: string },
  ...roles: string[]
) {
  const member = await addressHolder(clients, database);
  const { token } = await invite(clients, database, organisation, member.email, roles.length > 0 ? roles : ['driver']);
  await clients.organisations.acceptInvitation({ token }, member.as);
  return member;
}

/** What the audit says of an organisation, the oldest first. */
export async function auditOf(database: Database, organisationId: string) {
  return await database.query<{ action: string; actor_id: string; user_id: string | null; data: object }>(
    'select action, actor_id, user_id, data from auth.audit_events where organisation_id = $1 order by id',
    [organisationId],
  );
}
