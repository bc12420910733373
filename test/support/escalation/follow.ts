import { AS_SUCH, createRoleModel } from '../role-model.ts';
import type { Sequence } from './random-sequence.ts';

export type RoleModel = ReturnType<typeof createRoleModel>;
type Step = { readonly kind: string; readonly [field: string]: unknown };

/** The model at the beginning of a sequence. */
export function modelOf({ roles, grants, registrations, users, members, held }: Sequence): RoleModel {
  const model = createRoleModel({
    roles: new Map(roles.map(({ name, ...role }) => [name, role])),
    grants: new Set(grants.map((pair) => pair.join(' '))),
    registrations: new Set(registrations.map((pair) => pair.join(' '))),
  });
  for (const { id, guest } of users) model.states.set(id, guest ? 'guest' : 'open');
  for (const { organisation, user, head } of members) model.members.set(`${organisation} ${user}`, head);
  for (const { user, role, organisation } of held) model.held.add(`${user} ${role} ${organisation}`);
  return model;
}

/** Takes a step in the model; returns what it makes of it. */
export function follow(model: RoleModel, step: Step): string {
  const text = (field: string) => (step[field] ?? AS_SUCH) as string;
  const user = text('user');
  const place = `${text('organisation')} ${user}`;
  switch (step.kind) {
    case 'grant':
    case 'revoke':
      return model[step.kind]({ actor: text('actor'), user, role: text('role'), organisation: text('organisation') });
    case 'register':
      return model.register(user, text('interface'), step['roles'] as string[]);
    case 'join':
      model.members.set(place, step['head'] as boolean);
      return 'join';
    case 'leave':
      if (model.members.get(place) === undefined) return 'refused';
      model.members.set(place, undefined);
      for (const key of model.held) {
        if (key.startsWith(`${user} `) && key.endsWith(` ${text('organisation')}`)) model.held.delete(key);
      }
      return 'leave';
    case 'close':
      if (!['open', 'guest'].includes(model.states.get(user) ?? '')) return 'refused';
      // Of a guest whose session has ended nothing becomes any more.
      model.states.set(user, model.states.get(user) === 'guest' ? 'gone' : 'closed');
      return 'close';
    case 'reopen':
      if (model.states.get(user) !== 'closed') return 'refused';
      model.states.set(user, 'open');
      return 'reopen';
    default:
      throw new Error(`A step of an unknown kind: ${step.kind}.`);
  }
}
