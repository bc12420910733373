import type { Random } from '../revocation-simulation/random.ts';
import { AS_SUCH } from '../role-model.ts';

type Step = Readonly<Record<string, unknown>> & { readonly kind: string };
export type Sequence = ReturnType<typeof randomSequence>;

const LEVELS = [10, 20, 30, 40];
const KINDS = Object.entries({ grant: 46, revoke: 18, join: 12, leave: 6, register: 6, close: 2, reopen: 10 }).flatMap(
  ([kind, weight]) => Array.from({ length: weight }, () => kind),
);

/**
 * A random graph of roles, people who hold some of them, and what they try.
 * @param lane under which names roles and interfaces are stored: what runs at the same moment has its own
 */
export function randomSequence(random: Random, lane: string, length: number) {
  const pick = <T>(from: readonly T[]) => from[Math.floor(random.between(0, from.length))] as T;
  const times = <T>(count: number, make: (n: number) => T) => Array.from({ length: count }, (_, n) => make(n));

  const roles = times(5, (n) => ({
    name: `${lane}_role_${n}`,
    // Two who may do more than others, so that there is something to give.
    level: n < 2 ? pick(LEVELS.slice(2)) : pick(LEVELS),
    scope: random.chance(0.3) ? ('organisation' as const) : ('anyone' as const),
  }));
  const names = roles.map(({ name }) => name);
  const interfaces = [`${lane}_here`, `${lane}_there`];
  const grants = names.flatMap((granter) => names.map((grantee) => [granter, grantee] as const));
  const users = times(6, (n) => ({ id: random.uuid(), guest: n === 5 }));
  const organisations = times(2, () => random.uuid());
  const members = users.flatMap(({ id: user }) =>
    organisations.flatMap((organisation) =>
      random.chance(0.8) ? [{ organisation, user, head: random.chance(0.6) }] : [],
    ),
  );
  const held = users
    .filter(({ guest }) => !guest)
    .flatMap(({ id: user }, n) => [
      ...(n < 4 ? [{ user, role: names[n] ?? '', organisation: AS_SUCH }] : []),
      ...members
        .filter((member) => member.user === user && random.chance(0.3))
        .map(({ organisation }) => ({ user, role: pick(names), organisation })),
    ]);

  const asked: { user: string; role: string; organisation: string }[] = [...held];
  function step(): Step {
    const kind = pick(KINDS);
    const user = random.chance(0.01) ? random.uuid() : pick(users).id;
    const organisation = random.chance(0.01) ? random.uuid() : pick(organisations);
    if (kind === 'grant' || kind === 'revoke') {
      const actor = pick(random.chance(0.5) ? users.slice(0, 2) : users).id;
      // What somebody holds is what was given before, or tried: by chance it would seldom be taken.
      if (kind === 'revoke' && asked.length > 0 && random.chance(0.7)) return { ...pick(asked), kind, actor };
      const role = random.chance(0.01) ? 'no_such_role' : pick(names);
      const wanted = { user, role, organisation: random.chance(0.4) ? AS_SUCH : organisation };
      asked.push(wanted);
      return { ...wanted, kind, actor };
    }
    if (kind === 'register') {
      return {
        kind,
        user: pick(random.chance(0.5) ? users.slice(-1) : users).id,
        interface: pick(interfaces),
        roles: random.chance(0.7) ? [pick(names)] : names.slice(3),
      };
    }
    return { kind, user: pick(users).id, organisation: pick(organisations), head: random.chance(0.6) };
  }

  return {
    interfaces,
    roles,
    grants: grants.filter(() => random.chance(0.6)),
    registrations: interfaces.flatMap((name) =>
      names.filter(() => random.chance(0.3)).map((role) => [name, role] as const),
    ),
    users,
    organisations,
    members,
    held,
    steps: times(length, step),
  };
}
