import { table } from './markdown.ts';
import type { Rpc } from './proto.ts';
import type { Role, Seed } from './seed.ts';

/** Every rpc with its access class; of administration, what it needs and who holds that. */
export function accessTable(rpcs: readonly Rpc[], { held }: Seed): string {
  const sorted = rpcs.map((rpc) => ({ ...rpc, path: `${rpc.service}/${rpc.name}` }));
  return table(
    ['rpc', 'access', 'permission', 'roles'],
    sorted.map(({ path, access = '', permission }) => [
      code(path),
      access,
      permission === '' ? '' : code(permission),
      held
        .filter(([, name]) => name === permission)
        .map(([role]) => code(role))
        .join(', '),
    ]),
  );
}

/** Which permission is held by which role: a cross where it is. */
export function permissionTable({ roles, permissions, held }: Seed): string {
  const holders = roles.filter(({ name }) => held.some(([role]) => role === name));
  return table(
    ['permission', 'allows to', ...holders.map(({ name }) => code(name))],
    permissions.map(([name, title]) => [
      code(name),
      title.charAt(0).toLowerCase() + title.slice(1),
      ...holders.map((holder) => (held.some(([role, one]) => role === holder.name && one === name) ? 'x' : '')),
    ]),
  );
}

/** Every role, the highest first. */
export function roleTable({ roles, grants, registrations }: Seed): string {
  return table(
    ['role', 'level', 'interface', 'sees in ListRoles', 'self-assignable on', 'gives', 'to'],
    roles.map(({ name, level, interface: home, listing, grantScope }) => {
      const gives = grants.filter(([granter]) => granter === name).map(([, grantee]) => code(grantee));
      return [
        code(name),
        String(level),
        code(home),
        { all: 'all roles', assignable: 'on his interface those that he gives, elsewhere his own' }[listing] ??
          'his own',
        registrations
          .filter(([, role]) => role === name)
          .map(([on]) => code(on))
          .join(', '),
        gives.join(', '),
        gives.length === 0 ? '' : grantScope === 'organisation' ? 'members of an organisation that he heads' : 'anyone',
      ];
    }),
  );
}

/** The grant matrix: who gives (down) what (across). */
export function grantTable({ roles, grants }: Seed): string {
  const granters = roles.filter(({ name }) => grants.some(([granter]) => granter === name));
  const grantees = roles.filter(({ name }) => grants.some(([, grantee]) => grantee === name));
  return table(
    ['gives', ...grantees.map(({ name }) => code(name))],
    granters.map(({ name, grantScope }) => [
      code(name),
      ...grantees.map((grantee) =>
        grants.some(([from, to]) => from === name && to === grantee.name)
          ? grantScope === 'organisation'
            ? 'in his organisation'
            : 'x'
          : '',
      ),
    ]),
  );
}

/** The roles by level, with an arrow from each that gives; to a whole level where he gives all of it. */
export function rolesDrawing({ roles, grants }: Seed): string {
  const levels = [...new Set(roles.map(({ level }) => level))].sort((a, b) => b - a);
  const rolesAt = (level: number) => roles.filter((role) => role.level === level);
  const boxes = levels.map((level) =>
    [
      `  subgraph level${level}["level ${level}"]`,
      '    direction LR',
      ...rolesAt(level).map(({ name }) => `    ${name}`),
      '  end',
    ].join('\n'),
  );
  const arrows = roles.flatMap((giver) => {
    const gives = (role: Role) => grants.some(([from, to]) => from === giver.name && to === role.name);
    const arrow = giver.grantScope === 'organisation' ? '-. in his organisation .->' : '-->';
    return levels.flatMap((level) => {
      const given = rolesAt(level).filter(gives);
      const isAll = given.length > 1 && given.length === rolesAt(level).length && level !== giver.level;
      const to = isAll ? [`level${level}`] : given.map(({ name }) => name);
      return to.map((target) => `  ${giver.name} ${arrow} ${target}`);
    });
  });
  return ['```mermaid', 'flowchart TD', ...boxes, ...arrows, '```'].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
