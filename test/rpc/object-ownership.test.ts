import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createFileRegistry, fromBinary, getOption } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Access } from '../../src/gen/auth/options/v1/access.ts';
import { roleHolder } from '../support/delegation.ts';
import { enqueueNotices } from '../support/messages.ts';
import { addressHolder, foundOrganisation, invite, joinedMember, newEmail } from '../support/organisations.ts';
import { refusalOf } from '../support/refusal.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

/** A field of a request that is somebody's id: `accounts.v1.RolesService/GrantRole user_id`. */
type IdField = { readonly name: string; readonly path: string; readonly field: string; readonly access: Access };

/** The ids in requests of people, read from what buf has compiled. Services may ask for anybody. */
async function readIdFields(): Promise<IdField[]> {
  const bytes = await readFile(new URL('../../src/gen/descriptors.binpb', import.meta.url));
  const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
  const rule = registry.getExtension('auth.options.v1.rule');
  if (!rule) throw new Error('There is no access option.');
  const idsOf = (message: DescMessage, prefix = ''): string[] =>
    message.fields.flatMap((field) => [
      ...(/_ids?$/.test(field.name) ? [prefix + field.name] : []),
      // google.protobuf.Struct holds itself.
      ...(field.message && !field.message.typeName.startsWith('google.')
        ? idsOf(field.message, `${prefix}${field.name}.`)
        : []),
    ]);
  return [...registry]
    .filter((type) => type.kind === 'service' && /^(auth|accounts)\./.test(type.typeName))
    .flatMap((service) => (service.kind === 'service' ? service.methods : []))
    .flatMap((method) => {
      const { access } = getOption(method, rule) as unknown as { access: Access };
      const path = `${method.parent.typeName}/${method.name}`;
      return access === Access.SERVICE
        ? []
        : idsOf(method.input).map((field) => ({ name: `${path} ${field}`, path, field, access }));
    });
}

const idFields = await readIdFields();

let database: TestDatabase;
let service: TestService;
let scene: Awaited<ReturnType<typeof openScene>>;
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl });
  scene = await openScene();
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

/** Two heads with an organisation, a member and an invitation each, who have nothing to do with each other; and staff. */
async function openScene() {
  const [own, others] = [await openOrganisation(), await openOrganisation()];
  const [messageId = ''] = await enqueueNotices(database, ['nobody@example.com'], { channel: 'pigeon' });
  await database.query(`update auth.messages set state = 'suppressed' where id = $1`, [messageId]);
  return {
    own,
    others,
    customer: await roleHolder(service, database, 'customer'),
    support: await roleHolder(service, database, 'support'),
    suppressedMessageId: messageId,
  };
}

async function openOrganisation() {
  const organisation = await foundOrganisation(service, database);
  const { head, organisationId } = organisation;
  const member = await joinedMember(service, database, organisation, 'driver');
  const { invitationId } = await invite(service, database, organisation, newEmail());
  const stranger = await addressHolder(service, database, 'customer');
  const [contact] = await database.query<{ id: string }>(
    `insert into accounts.user_contacts (user_id, type, value) values ($1, 'email', $2) returning id`,
    [head.userId, newEmail()],
  );
  return { head, member, stranger, organisationId, invitationId, contactId: contact?.id ?? '' };
}

type Scene = typeof scene;
type Call = (id: string) => Promise<unknown>;
type Cell = {
  /** What the call answers of somebody else's, and of what there is not: `OK`, or a status and a reason. */
  readonly answer: string;
  readonly call: (scene: Scene) => Call;
  /** Somebody else's. */
  readonly foreign: (scene: Scene) => string;
};

const notFound = (reason: string) => `NOT_FOUND ${reason}`;
const NO_CONTACT = notFound('CONTACT_NOT_FOUND');
const NO_ORGANISATION = notFound('ORGANISATION_NOT_FOUND');
const NO_MEMBER = notFound('MEMBER_NOT_FOUND');
const NOT_GRANTABLE = 'PERMISSION_DENIED ROLE_NOT_GRANTABLE';

const foreignContact = ({ others }: Scene) => others.contactId;
const foreignOrganisation = ({ others }: Scene) => others.organisationId;
const foreignMember = ({ others }: Scene) => others.member.userId;

/** By rpc and field: a new id in a request has to be here, and says so by failing. */
const TABLE: Readonly<Record<string, Cell>> = {
  'accounts.v1.AccountsService/StartContactConfirmation contact_id': {
    answer: NO_CONTACT,
    call:
      ({ own }) =>
      (contactId) =>
        service.accounts.startContactConfirmation({ contactId }, own.head.as),
    foreign: foreignContact,
  },
  'accounts.v1.AccountsService/SetPrimaryContact contact_id': {
    answer: NO_CONTACT,
    call:
      ({ own }) =>
      (contactId) =>
        service.accounts.setPrimaryContact({ contactId }, own.head.as),
    foreign: foreignContact,
  },
  'accounts.v1.AccountsService/DeactivateContact contact_id': {
    answer: NO_CONTACT,
    call:
      ({ own }) =>
      (contactId) =>
        service.accounts.deactivateContact({ contactId }, own.head.as),
    foreign: foreignContact,
  },
  'accounts.v1.OrganisationsService/ListMembers organisation_id': {
    answer: NO_ORGANISATION,
    call:
      ({ own }) =>
      (organisationId) =>
        service.organisations.listMembers({ organisationId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.OrganisationsService/InviteMember organisation_id': {
    answer: NO_ORGANISATION,
    call:
      ({ own }) =>
      (organisationId) =>
        service.organisations.inviteMember(
          { organisationId, contactType: 'email', contact: 'invited@example.com', roles: ['driver'] },
          own.head.as,
        ),
    foreign: foreignOrganisation,
  },
  'accounts.v1.OrganisationsService/ListInvitations organisation_id': {
    answer: NO_ORGANISATION,
    call:
      ({ own }) =>
      (organisationId) =>
        service.organisations.listInvitations({ organisationId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.OrganisationsService/CancelInvitation invitation_id': {
    answer: notFound('INVITATION_NOT_FOUND'),
    call:
      ({ own }) =>
      (invitationId) =>
        service.organisations.cancelInvitation({ invitationId }, own.head.as),
    foreign: ({ others }) => others.invitationId,
  },
  'accounts.v1.OrganisationsService/UpdateMember organisation_id': {
    answer: NO_ORGANISATION,
    call:
      ({ own, others }) =>
      (organisationId) =>
        service.organisations.updateMember({ organisationId, userId: others.member.userId, isHead: true }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.OrganisationsService/UpdateMember user_id': {
    answer: NO_MEMBER,
    call:
      ({ own }) =>
      (userId) =>
        service.organisations.updateMember({ organisationId: own.organisationId, userId, isHead: true }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.OrganisationsService/RemoveMember organisation_id': {
    answer: NO_ORGANISATION,
    call:
      ({ own, others }) =>
      (organisationId) =>
        service.organisations.removeMember({ organisationId, userId: others.member.userId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.OrganisationsService/RemoveMember user_id': {
    answer: NO_MEMBER,
    call:
      ({ own }) =>
      (userId) =>
        service.organisations.removeMember({ organisationId: own.organisationId, userId }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.RolesService/ListAssignableRoles user_id': {
    answer: 'OK',
    call:
      ({ own }) =>
      (userId) =>
        service.roles.listAssignableRoles({ userId, organisationId: own.organisationId }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.RolesService/ListAssignableRoles organisation_id': {
    answer: 'OK',
    call:
      ({ own, others }) =>
      (organisationId) =>
        service.roles.listAssignableRoles({ userId: others.member.userId, organisationId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.RolesService/GrantRole user_id': {
    answer: NOT_GRANTABLE,
    call:
      ({ own }) =>
      (userId) =>
        service.roles.grantRole({ userId, role: 'courier', organisationId: own.organisationId }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.RolesService/GrantRole organisation_id': {
    answer: NOT_GRANTABLE,
    call:
      ({ own, others }) =>
      (organisationId) =>
        service.roles.grantRole({ userId: others.member.userId, role: 'courier', organisationId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.RolesService/RevokeRole user_id': {
    answer: NOT_GRANTABLE,
    // As such: in an organisation of his a head takes roles from whoever has left, too.
    call:
      ({ own }) =>
      (userId) =>
        service.roles.revokeRole({ userId, role: 'driver', organisationId: '' }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.RolesService/RevokeRole organisation_id': {
    answer: NOT_GRANTABLE,
    call:
      ({ own, others }) =>
      (organisationId) =>
        service.roles.revokeRole({ userId: others.member.userId, role: 'driver', organisationId }, own.head.as),
    foreign: foreignOrganisation,
  },
  'accounts.v1.SupportService/EndSessionsOfUser user_id': {
    answer: 'PERMISSION_DENIED PERMISSION_REQUIRED',
    call:
      ({ own }) =>
      (userId) =>
        service.support.endSessionsOfUser({ userId }, own.head.as),
    foreign: foreignMember,
  },
  'accounts.v1.SupportService/EndSessionsOfUser session_id': {
    answer: notFound('SESSION_NOT_FOUND'),
    call:
      ({ support, own }) =>
      (sessionId) =>
        service.support.endSessionsOfUser({ userId: own.member.userId, sessionId }, support.as),
    foreign: ({ others }) => others.member.tokens.sessionId,
  },
  'auth.v1.SessionsService/EndSession session_id': {
    answer: notFound('SESSION_NOT_FOUND'),
    call:
      ({ own }) =>
      (sessionId) =>
        service.sessions.endSession({ sessionId }, own.head.as),
    foreign: ({ others }) => others.head.tokens.sessionId,
  },
};

/** What staff are not to tell apart either. */
const FOR_STAFF: Readonly<Record<string, Cell>> = {
  'accounts.v1.UsersAdminService/EndUserSessions session_id': {
    answer: notFound('SESSION_NOT_FOUND'),
    call:
      ({ support, own }) =>
      (sessionId) =>
        service.usersAdmin.endUserSessions({ userId: own.member.userId, sessionId }, support.as),
    foreign: ({ others }) => others.member.tokens.sessionId,
  },
  'auth.v1.MessagesAdminService/ResendMessage message_id': {
    answer: notFound('MESSAGE_NOT_FOUND'),
    call:
      ({ support }) =>
      (messageId) =>
        service.messagesAdmin.resendMessage({ messageId }, support.as),
    // It tells that somebody has no account.
    foreign: ({ suppressedMessageId }) => suppressedMessageId,
  },
};

/** What a call answers, in full. Of a request itself, its id is not told twice. */
async function answerOf(call: Promise<unknown>): Promise<{ outcome: string; told: unknown }> {
  const told: unknown = await call.catch(() => null);
  if (told !== null) return { outcome: 'OK', told };
  const { requestId: _, ...refusal } = await refusalOf(call);
  return { outcome: `${refusal.status} ${refusal.reason}`, told: refusal };
}

/** Everything that belongs to somebody; of messages, which are sent meanwhile, and of sessions, which are used, what stays. */
const OWNED = [
  'accounts.users u',
  'accounts.user_contacts c',
  'accounts.user_group_memberships m',
  'accounts.organisations o',
  'accounts.organisation_members b',
  'accounts.organisation_invitations i',
  'auth.challenges h',
  '(select g.id from auth.messages g) g',
  '(select s.id, s.ended_at from auth.sessions s) s',
];
async function stateOfAll(): Promise<unknown> {
  const digest = (from: string) => {
    const alias = from.split(' ').at(-1);
    return `(select md5(string_agg(${alias}::text, '' order by ${alias}::text)) from ${from})`;
  };
  return await database.query(`select array[${OWNED.map(digest).join(', ')}] as state`);
}

async function expectNoDifference(cell: Cell): Promise<void> {
  const call = cell.call(scene);
  const before = await stateOfAll();
  const unknown = await answerOf(call(randomUUID()));
  const foreign = await answerOf(call(cell.foreign(scene)));
  expect(foreign).toEqual(unknown);
  expect(foreign.outcome).toBe(cell.answer);
  expect(await stateOfAll()).toEqual(before);
}

describe("Somebody else's id", () => {
  const ofPeople = idFields.filter(({ access }) => access !== Access.ADMIN);
  const ofStaff = idFields.filter(({ access }) => access === Access.ADMIN);

  it('is in the table for every field of every request that can hold one', () => {
    expect(ofPeople.map(({ name }) => name).sort()).toEqual(Object.keys(TABLE).sort());
    expect(ofStaff.length).toBeGreaterThanOrEqual(15);
    expect(ofStaff.map(({ name }) => name)).toEqual(expect.arrayContaining(Object.keys(FOR_STAFF)));
  });

  it.each(Object.entries(TABLE))(
    'is answered as one that there is not, and changes nothing: %s',
    async (_name, cell) => {
      await expectNoDifference(cell);
    },
  );

  it.each(Object.entries(FOR_STAFF))('is answered so to staff, too: %s', async (_name, cell) => {
    await expectNoDifference(cell);
  });

  it.each(ofStaff)('is answered to nobody without the permission, whosever it is: $name', async ({ path, field }) => {
    const [serviceName = '', method = ''] = path.split('/');
    const client =
      serviceName
        .split('.')
        .at(-1)
        ?.replace(/Service$/, '') ?? '';
    const camelCase = (text: string) => text.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
    const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
    const methods = service[lowerFirst(client) as 'usersAdmin'] as unknown as Record<
      string,
      (request: object, options: object) => Promise<unknown>
    >;
    await expectNoDifference({
      answer: 'PERMISSION_DENIED PERMISSION_REQUIRED',
      call:
        ({ customer }) =>
        async (id) =>
          await methods[lowerFirst(method)]?.({ [camelCase(field)]: field.endsWith('_ids') ? [id] : id }, customer.as),
      foreign: ({ others }) => (field === 'session_id' ? others.member.tokens.sessionId : others.member.userId),
    });
  });
});

describe('The trial of ids', () => {
  it('notices an own one: it is answered otherwise', async () => {
    const { own, support } = scene;
    const ownOnes: readonly [string, string][] = [
      ['accounts.v1.OrganisationsService/ListMembers organisation_id', own.organisationId],
      ['accounts.v1.RolesService/ListAssignableRoles user_id', own.member.userId],
      ['accounts.v1.RolesService/GrantRole user_id', own.member.userId],
      ['accounts.v1.OrganisationsService/UpdateMember user_id', own.member.userId],
      ['accounts.v1.OrganisationsService/CancelInvitation invitation_id', own.invitationId],
      ['accounts.v1.AccountsService/DeactivateContact contact_id', own.contactId],
    ];
    for (const [name, id] of ownOnes) {
      const call = TABLE[name]?.call(scene);
      expect(await answerOf(call!(id)), name).not.toEqual(await answerOf(call!(randomUUID())));
    }
    const { outcome } = await answerOf(
      service.usersAdmin.endUserSessions(
        { userId: own.member.userId, sessionId: own.member.tokens.sessionId },
        support.as,
      ),
    );
    expect(outcome).toBe('OK');
  });
});
