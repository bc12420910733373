import { readFile } from 'node:fs/promises';
import { createFileRegistry, fromBinary } from '@bufbuild/protobuf';
import type { DescMessage } from '@bufbuild/protobuf';
import { FileDescriptorSetSchema } from '@bufbuild/protobuf/wkt';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { ImportUsersRequest } from '../../src/gen/accounts/v1/users_admin_service.ts';
import { addOrganisation, readHeld, readRoleGraph, readRoleModel } from '../support/delegation.ts';
import { addressHolder, invitationToken, newEmail } from '../support/organisations.ts';
import { newPerson } from '../support/people.ts';
import { refusalOf } from '../support/refusal.ts';
import { beginRegistration, newForm } from '../support/registrations.ts';
import { createRandom } from '../support/revocation-simulation/random.ts';
import type { RoleGraph } from '../support/role-model.ts';
import { startService } from '../support/service.ts';
import type { TestService } from '../support/service.ts';
import { createTestDatabase } from '../support/test-database.ts';
import type { TestDatabase } from '../support/test-database.ts';

type Person = Awaited<ReturnType<typeof addressHolder>>;

const CALLS = 400;
const SEED = Date.now() % 1_000_000_000;
const random = createRandom(SEED);
const pick = <T>(from: readonly T[]) => from[Math.floor(random.between(0, from.length))] as T;

let database: TestDatabase;
let service: TestService;
let model: Awaited<ReturnType<typeof readRoleModel>>;
let graph: RoleGraph;
let people: readonly Person[];
let organisations: readonly string[];
beforeAll(async () => {
  database = await createTestDatabase();
  service = await startService({ DATABASE_URL: database.serviceUrl, REDIS_URL: inject('redisUrl') });
  const roles = [
    ...['superadmin', 'manager', 'manager', 'support', 'executor_head', 'executor_head', 'firm_head'],
    ...['order_desk', 'driver', 'customer', 'customer', 'courier'],
  ];
  people = await Promise.all(roles.map((role) => addressHolder(service, database, role)));
  const ids = people.map(({ userId }) => userId);
  organisations = await Promise.all(
    [0, 1, 2].map((n) =>
      addOrganisation(database.query, { heads: ids.slice(4 + n, 6 + n), members: ids.slice(8 + n, 10 + n) }),
    ),
  );
  graph = await readRoleGraph(database.query);
  model = await readRoleModel(database.query);
});
afterAll(async () => {
  await service?.stop();
  await database?.drop();
});

const anyRoles = () => Array.from({ length: 1 + Math.floor(random.between(0, 2)) }, anyRole);
const anyRole = () => (random.chance(0.03) ? 'no_such_role' : pick([...graph.roles.keys()]));
const anyOrganisation = () => pick(['', ...organisations]);

/** Whether the call was let through; one that fails other than by a refusal fails the test. */
async function isDone(call: Promise<unknown>): Promise<boolean> {
  const error: unknown = await call.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error === null) return true;
  expect((await refusalOf(call)).status).toMatch(
    /^(PERMISSION_DENIED|NOT_FOUND|INVALID_ARGUMENT|FAILED_PRECONDITION)$/,
  );
  return false;
}

/** Somebody new has got roles: each had to be one that he could get. */
function take(userId: string, roles: readonly string[], mayGet: (role: string) => boolean): void {
  expect(
    roles.filter((role) => !mayGet(role)),
    `Seed ${SEED}`,
  ).toEqual([]);
  model.states.set(userId, 'open');
  for (const role of roles) model.held.add(`${userId} ${role} `);
}

async function ownerOf(contact: string): Promise<string> {
  const rows = await database.query<{ id: string }>(
    'select user_id as id from accounts.user_contacts where value = $1 and is_active',
    [contact],
  );
  return rows[0]?.id ?? '';
}

/** Asks each rpc that gives roles at random; what must be true of it when it has been done. Says whether it was done. */
const GIVING: Readonly<Record<string, () => Promise<boolean>>> = {
  'accounts.v1.RolesService/GrantRole': async () => {
    const [actor, user, role, organisation] = [pick(people), pick(people).userId, anyRole(), anyOrganisation()];
    const asked = { userId: user, role, organisationId: organisation };
    const isGiven = await isDone(service.roles.grantRole(asked, actor.as));
    expect(isGiven, `Seed ${SEED}: ${JSON.stringify(asked)}`).toBe(
      model.grant({ actor: actor.userId, user, role, organisation }) !== 'refused',
    );
    return isGiven;
  },
  'accounts.v1.RolesService/RevokeRole': async () => {
    const [actor, user, role, organisation] = [pick(people), pick(people).userId, anyRole(), anyOrganisation()];
    // Somebody has to be left who can give.
    if (role === 'superadmin') return false;
    const asked = { userId: user, role, organisationId: organisation };
    const isTaken = await isDone(service.roles.revokeRole(asked, actor.as));
    expect(isTaken, `Seed ${SEED}: ${JSON.stringify(asked)}`).toBe(
      model.revoke({ actor: actor.userId, user, role, organisation }) !== 'refused',
    );
    return isTaken;
  },
  'auth.v1.AuthService/Register': async () => {
    const request = newPerson({ interface: anyInterface(), groupNames: random.chance(0.3) ? [] : anyRoles() });
    if (!(await isDone(service.auth.register(request)))) return false;
    return await takeRegistered(await ownerOf(request.secondLogin), request.interface);
  },
  'auth.v1.RegistrationService/FinishRegistration': async () => {
    const email = newEmail();
    const form = newForm(await beginRegistration(service, database, email), {
      interface: anyInterface(),
      groupNames: random.chance(0.3) ? [] : anyRoles(),
    });
    if (!(await isDone(service.registration.finishRegistration(form)))) return false;
    return await takeRegistered(await ownerOf(email), form.interface);
  },
  'accounts.v1.OrganisationsService/InviteMember': async () => {
    const place = Math.floor(random.between(0, organisations.length));
    const [organisation = '', actor, guest] = [
      organisations[place],
      pick([people[4 + place]!, pick(people)]),
      pick(people),
    ];
    const roles = random.chance(0.5) ? anyRoles() : [pick(['driver', 'courier', 'order_desk'])];
    const invited = { organisationId: organisation, contactType: 'email', contact: guest.email, roles };
    await database.query('delete from auth.message_quotas');
    const call = service.organisations.inviteMember(invited, actor.as);
    if (!(await isDone(call))) return false;
    const token = invitationToken((await call).invitationId);
    // The inviter may have lost what he could give meanwhile, and the other may rank higher by now.
    for (let n = 0; n < 3; n += 1) await GIVING['accounts.v1.RolesService/RevokeRole']?.();
    if (!(await isDone(service.organisations.acceptInvitation({ token }, guest.as)))) return false;
    const asked = { actor: actor.userId, user: guest.userId, organisation };
    expect(
      roles.filter((role) => !model.mayGive({ ...asked, role })),
      `Seed ${SEED}`,
    ).toEqual([]);
    const isStaff = ['superadmin', 'manager'].some((role) => model.held.has(`${actor.userId} ${role} `));
    expect(isStaff || model.members.get(`${organisation} ${actor.userId}`), `Seed ${SEED}`).toBe(true);
    const key = `${organisation} ${guest.userId}`;
    model.members.set(key, model.members.get(key) ?? false);
    for (const role of roles) model.held.add(`${guest.userId} ${role} ${organisation}`);
    return true;
  },
  'accounts.v1.UsersAdminService/CreateUser': async () => {
    const [actor, roles, value] = [pick(people), anyRoles(), newEmail()];
    const request = { contacts: [{ type: 'email', value }], roles };
    if (!(await isDone(service.usersAdmin.createUser(request, actor.as)))) return false;
    return takeGiven(await ownerOf(value), roles, actor);
  },
  'accounts.v1.UsersAdminService/ImportUsers': async () => {
    const [actor, roles, value] = [pick(people), anyRoles(), newEmail()];
    const users = [{ contacts: [{ type: 'email', value }], roles }];
    const answers = service.usersAdmin.importUsers(batches(users), actor.as);
    let imported = 0;
    const all = async () => {
      for await (const answer of answers) imported += answer.imported;
    };
    if (!(await isDone(all())) || imported === 0) return false;
    return takeGiven(await ownerOf(value), roles, actor);
  },
};

/** Those whose roles choose what is listed, and decide nothing. */
const FILTERING = ['accounts.v1.OrganisationsService/ListMembers', 'accounts.v1.UsersAdminService/ListUsers'];

const anyInterface = () => pick(['customer', 'driver', 'courier', 'executor_head', 'firm_head', 'staff']);

async function takeRegistered(userId: string, name: string): Promise<true> {
  const rows = await readHeld(database.query);
  const roles = rows.filter(({ key }) => key.startsWith(userId)).map(({ key }) => key.split(' ')[1] ?? '');
  expect(roles).not.toEqual([]);
  take(userId, roles, (role) => graph.registrations.has(`${name} ${role}`));
  return true;
}

function takeGiven(user: string, roles: readonly string[], { userId: actor }: Person): true {
  take(user, roles, (role) => model.mayGive({ actor, user, role, organisation: '' }));
  return true;
}

async function* batches(users: { contacts: { type: string; value: string }[]; roles: string[] }[]) {
  yield ImportUsersRequest.fromPartial({ users });
}

describe('Nobody gets a role that no one entitled gave him', () => {
  it('by any rpc that has to do with roles: a new one belongs into the table', async () => {
    const bytes = await readFile(new URL('../../src/gen/descriptors.binpb', import.meta.url));
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
    const methods = [...registry].flatMap((type) => (type.kind === 'service' ? type.methods : []));
    const found = methods.filter(({ input }) => namesRoles(input));
    expect(found.map(({ parent, name }) => `${parent.typeName}/${name}`).toSorted()).toEqual(
      [...Object.keys(GIVING), ...FILTERING].toSorted(),
    );
  });

  it(`in ${CALLS} random calls by random callers`, { timeout: 120_000 }, async () => {
    const done = new Set<string>();
    for (let n = 0; n < CALLS; n += 1) {
      const [rpc, ask] = pick(Object.entries(GIVING));
      if (await ask()) done.add(rpc);
    }
    // What is always refused gives nobody anything, and shows nothing: each is asked until it was done once, which is soon.
    for (const [rpc, ask] of Object.entries(GIVING)) {
      for (let n = 0; n < CALLS && !done.has(rpc); n += 1) if (await ask()) done.add(rpc);
    }
    expect([...done].toSorted(), `Seed ${SEED}`).toEqual(Object.keys(GIVING).toSorted());
    const held = (await readHeld(database.query)).map(({ key }) => key);
    expect(held.toSorted(), `Seed ${SEED}`).toEqual([...model.held].toSorted());
  });
});

function namesRoles({ fields }: DescMessage, within: readonly string[] = []): boolean {
  return fields.some((field) => {
    if (/role|group/.test(field.name)) return true;
    const { message } = field;
    return (
      message !== undefined && !within.includes(message.typeName) && namesRoles(message, [...within, message.typeName])
    );
  });
}
