/** The process's environment. The only place that reads it; everything else is given what it needs. */
export function readEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
