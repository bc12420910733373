import { settings } from './settings.ts';
import type { Config, Setting, SettingName } from './settings.ts';

/** Everything that is wrong with the settings, in one message for people. */
export class ConfigProblem extends Error {
  override readonly name = 'ConfigProblem';
}

/** Reads all settings from an environment; all problems are reported together. */
export function loadConfig(environment: Readonly<Record<string, string | undefined>>): Config {
  const problems: string[] = [];
  const values: Partial<Record<SettingName, unknown>> = {};

  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting][]) {
    // An empty variable counts as not set: compose files and shells make such.
    const text = environment[name] || setting.fallback;
    if (text === null) {
      problems.push(`${name} is not set. ${setting.about}`);
    } else if (text !== undefined) {
      const result = setting.schema.safeParse(text);
      if (result.success) values[name] = result.data;
      else problems.push(...result.error.issues.map((issue) => `${name} ${issue.message}`));
    }
  }
  const config = values as Config;
  if (problems.length === 0) problems.push(...contradictions(config));
  if (problems.length > 0) {
    throw new ConfigProblem(
      `The configuration has ${problems.length === 1 ? 'a problem' : 'problems'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  return config;
}

function contradictions(config: Config): string[] {
  const problems: string[] = [];
  const isLoopback = isLoopbackHost(config.LISTEN_ADDRESS.host);
  const isIdentified = config.SERVICE_CALLERS.length > 0;

  if (!isLoopback && !isIdentified) {
    problems.push(
      'LISTEN_ADDRESS is reachable from other machines, so SERVICE_CALLERS must say which services may call.',
    );
  }
  if (!isLoopback && config.LOCAL_CALLERS) {
    problems.push('LOCAL_CALLERS=on trusts every caller, so LISTEN_ADDRESS must be a loopback address.');
  }
  if ((config.TLS_CERT_FILE === undefined) !== (config.TLS_KEY_FILE === undefined)) {
    problems.push('TLS_CERT_FILE and TLS_KEY_FILE go together.');
  }
  if (config.TLS_CLIENT_CA_FILE !== undefined && config.TLS_CERT_FILE === undefined) {
    problems.push('TLS_CLIENT_CA_FILE needs TLS_CERT_FILE.');
  }
  if (config.SERVICE_CALLERS.some((caller) => caller.sans) && config.TLS_CLIENT_CA_FILE === undefined) {
    problems.push('SERVICE_CALLERS names certificates (sans), so TLS_CLIENT_CA_FILE must be set.');
  }
  if (config.REFRESH_TOKEN_LIFETIME < config.ACCESS_TOKEN_LIFETIME) {
    problems.push('REFRESH_TOKEN_LIFETIME is shorter than ACCESS_TOKEN_LIFETIME.');
  }
  if (config.SIGNING_KEY_PUBLISH_AHEAD * 2 > config.SIGNING_KEY_ROTATION) {
    problems.push('SIGNING_KEY_PUBLISH_AHEAD must be at most half of SIGNING_KEY_ROTATION.');
  }
  return problems;
}

/** Whether a listener on the host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
