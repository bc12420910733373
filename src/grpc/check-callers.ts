import type { ServiceCaller } from '../config/service-caller.ts';
import { StartProblem } from '../errors/start-problem.ts';

type Names = {
  readonly callers: readonly ServiceCaller[];
  /** Interfaces that settings name for callers without an entry of their own. */
  readonly namedInterfaces: readonly string[];
  /** What there is: paths `/package.Service/Method`, and interfaces. */
  readonly paths: Iterable<string>;
  readonly interfaces: ReadonlySet<string>;
};

/** @throws StartProblem for a method or an interface that does not exist: a slip in a setting would show at night. */
export function checkCallers({ callers, namedInterfaces, paths, interfaces }: Names): void {
  const methods = [...paths].map((path) => path.slice(1));
  const known = new Set(['*', ...methods, ...methods.map((method) => method.replace(/\/.*$/, '/*'))]);
  const unknown = [
    ...callers.flatMap((caller) => caller.methods.filter((method) => !known.has(method))),
    ...[...namedInterfaces, ...callers.flatMap((caller) => caller.interfaces)].filter((name) => !interfaces.has(name)),
  ];
  if (unknown.length > 0) {
    throw new StartProblem(
      `Settings name methods or interfaces that do not exist: ${[...new Set(unknown)].join(', ')}.`,
    );
  }
}
