/** Whom a route lets through, as the proxy in front of it says. */
type RouteOptions = {
  /** Any of them is enough; empty: everybody who is signed in. */
  readonly requiredRoles: readonly string[];
  /** Whether a request without a token passes. */
  readonly isAnonymousAllowed: boolean;
};

/** What is not understood, in words that tell nothing of the value: the options of a query may come from anybody. */
type RouteProblem = { readonly problem: string };

const NO_OPTIONS: RouteOptions = { requiredRoles: [], isAnonymousAllowed: false };

/**
 * The form that the database demands of names of roles. A list in a header has no room for others: in `a,b` nobody could
 * tell two roles from the one of that name.
 */
export const ROLE_NAME = /^[a-z][a-z0-9_]{1,62}$/;

/**
 * Reads `required_roles: "manager,support"` and `anonymous: "allowed"`. Whatever else is written there was meant to protect
 * something, so it is a problem and never left out of account.
 */
export function readRouteOptions(
  entries: Iterable<readonly [key: string, value: string]>,
): RouteOptions | RouteProblem {
  let options = NO_OPTIONS;
  const seen = new Set<string>();
  for (const [key, value] of entries) {
    if (seen.has(key)) return { problem: 'an option is there twice' };
    seen.add(key);
    switch (key) {
      case 'required_roles': {
        const requiredRoles = value.split(',').map((name) => name.trim());
        if (!requiredRoles.every((name) => ROLE_NAME.test(name))) {
          return { problem: 'required_roles is no list of names of roles' };
        }
        options = { ...options, requiredRoles };
        break;
      }
      case 'anonymous':
        if (value !== 'allowed') return { problem: 'anonymous can only be `allowed`, or left out' };
        options = { ...options, isAnonymousAllowed: true };
        break;
      default:
        return { problem: 'there is no such option' };
    }
  }
  // Strangers would pass where customers do not.
  if (options.isAnonymousAllowed && options.requiredRoles.length > 0) {
    return { problem: 'required_roles and anonymous contradict each other' };
  }
  return options;
}
