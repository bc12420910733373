/** Who may give what: the tables that an administrator fills. Pairs are `granter grantee` and `interface role`. */
export type RoleGraph = {
  readonly roles: ReadonlyMap<string, { readonly level: number; readonly scope: 'anyone' | 'organisation' }>;
  readonly grants: ReadonlySet<string>;
  readonly registrations: ReadonlySet<string>;
};

type Delegation = Readonly<Record<'actor' | 'user' | 'role' | 'organisation', string>>;
/** No organisation: the role as such. */
export const AS_SUCH = '';

/** What delegation promises, said once more and without SQL, to be held against what the stored functions do. */
export function createRoleModel({ roles, grants, registrations }: RoleGraph) {
  const states = new Map<string, 'open' | 'closed' | 'guest' | 'gone'>();
  /** `user role organisation` */
  const held = new Set<string>();
  /** `organisation user`: whether he heads it; undefined: he has left. */
  const members = new Map<string, boolean | undefined>();

  const counting = (user: string, place: string) =>
    [...roles].filter(([name]) => held.has(`${user} ${name} `) || held.has(`${user} ${name} ${place}`));
  const rank = (user: string, place: string) => Math.max(0, ...counting(user, place).map(([, { level }]) => level));

  function mayGive({ actor, user, role, organisation }: Delegation): boolean {
    const isAbove = rank(actor, organisation) >= rank(user, organisation);
    if (states.get(actor) !== 'open' || actor === user || !isAbove) return false;
    return counting(actor, organisation).some(
      ([name, { level, scope }]) =>
        grants.has(`${name} ${role}`) &&
        (roles.get(role)?.level ?? Infinity) <= level &&
        (scope === 'anyone' || members.get(`${organisation} ${actor}`) === true),
    );
  }

  return {
    states,
    held,
    members,
    mayGive,
    grant(asked: Delegation): 'granted' | 'held' | 'refused' {
      const { user, role, organisation: place } = asked;
      const belongs = place === AS_SUCH || members.get(`${place} ${user}`) !== undefined;
      if (!mayGive(asked) || states.get(user) !== 'open' || !belongs) return 'refused';
      const key = `${user} ${role} ${place}`;
      return held.has(key) ? 'held' : held.add(key) && 'granted';
    },
    revoke(asked: Delegation): 'revoked' | 'not_held' | 'refused' {
      const belonged = asked.organisation === AS_SUCH || members.has(`${asked.organisation} ${asked.user}`);
      if (!mayGive(asked) || !states.has(asked.user) || !belonged) return 'refused';
      return held.delete(`${asked.user} ${asked.role} ${asked.organisation}`) ? 'revoked' : 'not_held';
    },
    register(user: string, name: string, asked: readonly string[]): 'register' | 'refused' {
      const isOpen = asked.every((role) => registrations.has(`${name} ${role}`));
      if (states.get(user) !== 'guest' || !isOpen) return 'refused';
      states.set(user, 'open');
      for (const role of asked) held.add(`${user} ${role} `);
      return 'register';
    },
  };
}
