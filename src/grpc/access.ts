import { Access, AccessRule } from '../gen/auth/options/v1/access.ts';
import { StartProblem } from '../errors/start-problem.ts';

/** Who may call each method, by its path `/package.Service/Method`. */
export type AccessRules = ReadonlyMap<string, AccessRule>;

/** A service definition as far as access rules are concerned. */
type RuledDefinition = {
  readonly fullName: string;
  readonly methods: Readonly<Record<string, { readonly name: string; readonly options: MethodOptions }>>;
};
type MethodOptions = { readonly _unknownFields?: Readonly<Record<number, readonly Uint8Array[]>> };

/** The wire tag of `auth.options.v1.rule`: field 50101, length-delimited. */
const RULE_TAG = (50_101 << 3) | 2;

/**
 * Reads the access option of every method.
 * @throws StartProblem for a method without one, an ADMIN method without a permission, a permission that no class asks for,
 *   and a recent login where there is no user: nothing is served by accident
 */
export function readAccessRules(definitions: readonly RuledDefinition[]): AccessRules {
  const rules = new Map<string, AccessRule>();
  for (const { fullName, methods } of definitions) {
    for (const { name, options } of Object.values(methods)) {
      // The generated code keeps options that it does not know as their bytes, each with its length in front.
      const bytes = options._unknownFields?.[RULE_TAG]?.at(-1);
      const rule = bytes && AccessRule.decode(bytes.subarray(1));
      if (!rule?.access) throw new StartProblem(`${fullName}/${name} has no access option.`);
      if ((rule.access === Access.ADMIN) !== (rule.permission !== '')) {
        throw new StartProblem(`${fullName}/${name} must name a permission if it is ADMIN, and only then.`);
      }
      if (rule.needsRecentLogin && rule.access !== Access.USER) {
        throw new StartProblem(`${fullName}/${name} must be USER to need a recent login.`);
      }
      rules.set(`/${fullName}/${name}`, rule);
    }
  }
  return rules;
}

export type { Access, AccessRule };
