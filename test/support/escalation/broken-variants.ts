/** Where it is broken, what stands there, and what instead. */
type Flaw = readonly [file: string, right: string, wrong: string];

/** Delegation built wrongly, and how one would say what is wrong: a test that misses one of them proves nothing. */
export const BROKEN_VARIANTS: readonly (readonly [name: string, ...flaw: Flaw])[] = [
  ['gives roles above the giver’s own', 'may_give_role', 'r.level <= h.level', 'true'],
  ['lets people give themselves roles', 'may_give_role', 'p_actor is distinct from p_user_id', 'true'],
  ['does not ask the grant matrix', 'may_give_role', 'r.name = a.grantee', 'true'],
  ['lets roles count for more than a head’s', 'may_give_role', 'and o.is_head', ''],
  ['lets heads who have left give', 'may_give_role', 'o.is_head and o.deleted_at is null', 'o.is_head'],
  ['lets heads of one organisation give in all', 'may_give_role', 'o.organisation_id = p_organisation_id and', ''],
  ['asks for no head at all', 'may_give_role', "(h.grant_scope = 'anyone' or", '(true or'],
  [
    'lets a role in one organisation count in others',
    'may_give_role',
    'and (m.organisation_id is null or m.organisation_id = p_organisation_id)',
    '',
  ],
  [
    'lets a role that was taken away count',
    'may_give_role',
    'm.user_id = p_actor and m.is_active',
    'm.user_id = p_actor',
  ],
  ['lets closed accounts give', 'may_give_role', 'and u.is_active and u.deleted_at is null', ''],
  ['ignores the rank of the other', 'may_give_role', 'accounts.highest_level(p_user_id, p_organisation_id) <=', '0 <='],
  [
    'ranks by roles elsewhere, too',
    'highest_level',
    'and (m.organisation_id is null or m.organisation_id = p_organisation_id)',
    '',
  ],
  [
    'ranks by roles that were taken away, too',
    'highest_level',
    'm.user_id = p_user_id and m.is_active',
    'm.user_id = p_user_id',
  ],
  ['gives roles to guests', 'may_hold_role', 'and not u.is_guest', ''],
  ['gives roles to closed accounts', 'may_hold_role', 'and u.is_active and u.deleted_at is null', ''],
  [
    'gives roles in an organisation to outsiders',
    'may_hold_role',
    'o.user_id = p_user_id and o.deleted_at is null',
    'true',
  ],
  [
    'gives roles to members who have left',
    'may_hold_role',
    'o.user_id = p_user_id and o.deleted_at is null',
    'o.user_id = p_user_id',
  ],
  ['gives what it should refuse', 'grant_role', 'if p_user_id is null or not (', 'if p_user_id is null and not ('],
  [
    'takes from anybody',
    'revoke_role',
    'accounts.may_give_role(p_actor, p_user_id, p_role, p_organisation_id)',
    'true',
  ],
  [
    'answers heads for people outside their organisation',
    'revoke_role',
    'o.organisation_id = p_organisation_id and o.user_id = p_user_id',
    'true',
  ],
  [
    'takes a role in every organisation',
    'revoke_role',
    'and m.organisation_id is not distinct from p_organisation_id',
    '',
  ],
  ['registers people with any role', 'assert_self_assignable', 'where r.interface = p_interface', 'where true'],
];

/** Wrong only for those who act at the same moment. */
export const BROKEN_LOCKS: readonly (readonly [name: string, ...flaw: Flaw])[] = [
  ['decides without locks', 'grant_role', 'perform accounts.lock_users(p_actor, p_user_id);', ''],
  ['does not lock who acts', 'lock_users', 'u.id = p_actor for share', 'u.id = p_actor'],
  ['locks who acts too weakly', 'lock_users', 'u.id = p_actor for share', 'u.id = p_actor for key share'],
  ['does not lock the other', 'lock_users', 'u.id = p_user_id for no key update', 'u.id = p_user_id'],
  ['takes roles without locks', 'revoke_role', 'perform accounts.lock_users(p_actor, p_user_id);', ''],
  ['locks in the order of the call', 'lock_users', 'p_user_id is null or p_actor < p_user_id', 'true'],
];
