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
  const unread = new Set<SettingName>();

  for (const [name, setting] of Object.entries(settings) as [SettingName, Setting][]) {
    // An empty variable counts as not set: compose files and shells make such.
    const text = environment[name] || setting.fallback;
    if (text === null) {
      unread.add(name);
      problems.push(`${name} is not set. ${setting.about}`);
    } else if (text !== undefined) {
      const result = setting.schema.safeParse(text);
      if (result.success) values[name] = result.data;
      else {
        unread.add(name);
        problems.push(...result.error.issues.map((issue) => `${name} ${issue.message}`));
      }
    }
  }
  const config = values as Config;
  problems.push(...contradictions(config, unread));
  if (problems.length > 0) {
    throw new ConfigProblem(
      `The configuration has ${problems.length === 1 ? 'a problem' : 'problems'}:\n${problems.map((problem) => `  - ${problem}`).join('\n')}`,
    );
  }
  return config;
}

const AND = new Intl.ListFormat('en-GB');

type Contradiction = { readonly of: readonly SettingName[]; readonly problem: (config: Config) => string | false };

/** What must be set with a provider: every text names the product, and every channel sends links: by SMS those of invitations. */
const NEEDS = [
  ['MAIL_URL', ['MAIL_FROM', 'LINK_BASE_URL', 'PRODUCT_NAME']],
  ['TWILIO_ACCOUNT_SID', ['LINK_BASE_URL', 'PRODUCT_NAME']],
  ['MESSAGE_WEBHOOK_URL', ['LINK_BASE_URL', 'PRODUCT_NAME']],
] as const satisfies readonly (readonly [SettingName, readonly SettingName[]])[];

/** What settings must not be together. Each is looked at when the settings that it is about could be read. */
const CONTRADICTIONS: readonly Contradiction[] = [
  {
    of: ['LISTEN_ADDRESS', 'SERVICE_CALLERS'],
    problem: ({ LISTEN_ADDRESS, SERVICE_CALLERS }) =>
      !isLoopbackHost(LISTEN_ADDRESS.host) &&
      SERVICE_CALLERS.length === 0 &&
      'LISTEN_ADDRESS is reachable from other machines, so SERVICE_CALLERS must say which services may call.',
  },
  {
    of: ['LISTEN_ADDRESS', 'LOCAL_CALLERS'],
    problem: ({ LISTEN_ADDRESS, LOCAL_CALLERS }) =>
      !isLoopbackHost(LISTEN_ADDRESS.host) &&
      LOCAL_CALLERS &&
      'LOCAL_CALLERS=on trusts every caller, so LISTEN_ADDRESS must be a loopback address.',
  },
  {
    of: ['GATEWAY_ADDRESS', 'GATEWAY_URL'],
    problem: ({ GATEWAY_ADDRESS, GATEWAY_URL }) =>
      GATEWAY_ADDRESS !== 'off' &&
      !isLoopbackHost(GATEWAY_ADDRESS.host) &&
      GATEWAY_URL === undefined &&
      'GATEWAY_ADDRESS is reachable from other machines, so GATEWAY_URL must say the https:// URL that browsers use.',
  },
  {
    of: ['GATEWAY_URL'],
    problem: ({ GATEWAY_URL = 'https:' }) =>
      GATEWAY_URL.startsWith('http:') &&
      !isLoopbackHost(hostOf(GATEWAY_URL)) &&
      'GATEWAY_URL must begin with https://, but on a loopback address: cookies and tokens travel there.',
  },
  {
    of: ['BROWSER_ORIGINS'],
    problem: ({ BROWSER_ORIGINS }) =>
      BROWSER_ORIGINS.some((origin) => origin.startsWith('http:') && !isLoopbackHost(hostOf(origin))) &&
      'BROWSER_ORIGINS must begin with https://, but on a loopback address.',
  },
  {
    of: [],
    problem: ({ TLS_CERT_FILE, TLS_KEY_FILE }) =>
      (TLS_CERT_FILE === undefined) !== (TLS_KEY_FILE === undefined) && 'TLS_CERT_FILE and TLS_KEY_FILE go together.',
  },
  {
    of: [],
    problem: ({ TLS_CERT_FILE, TLS_CLIENT_CA_FILE }) =>
      TLS_CLIENT_CA_FILE !== undefined && TLS_CERT_FILE === undefined && 'TLS_CLIENT_CA_FILE needs TLS_CERT_FILE.',
  },
  {
    of: ['SERVICE_CALLERS'],
    problem: ({ SERVICE_CALLERS, TLS_CLIENT_CA_FILE }) =>
      SERVICE_CALLERS.some((caller) => caller.sans) &&
      TLS_CLIENT_CA_FILE === undefined &&
      'SERVICE_CALLERS names certificates (sans), so TLS_CLIENT_CA_FILE must be set.',
  },
  {
    of: ['SERVICE_CALLERS'],
    problem: ({ SERVICE_CALLERS }) =>
      new Set(SERVICE_CALLERS.map(({ name }) => name)).size < SERVICE_CALLERS.length &&
      'SERVICE_CALLERS names a service twice.',
  },
  {
    of: ['REFRESH_TOKEN_LIFETIME', 'ACCESS_TOKEN_LIFETIME'],
    problem: ({ REFRESH_TOKEN_LIFETIME, ACCESS_TOKEN_LIFETIME }) =>
      REFRESH_TOKEN_LIFETIME < ACCESS_TOKEN_LIFETIME && 'REFRESH_TOKEN_LIFETIME is shorter than ACCESS_TOKEN_LIFETIME.',
  },
  {
    of: ['SIGNING_KEY_PUBLISH_AHEAD', 'SIGNING_KEY_ROTATION'],
    problem: ({ SIGNING_KEY_PUBLISH_AHEAD, SIGNING_KEY_ROTATION }) =>
      SIGNING_KEY_PUBLISH_AHEAD * 2 > SIGNING_KEY_ROTATION &&
      'SIGNING_KEY_PUBLISH_AHEAD must be at most half of SIGNING_KEY_ROTATION.',
  },
  ...NEEDS.map(([provider, needed]): Contradiction => ({
    of: [provider, ...needed],
    problem: (config) =>
      config[provider] !== undefined &&
      needed.some((name) => config[name] === undefined) &&
      `${provider} needs ${AND.format(needed)}.`,
  })),
  {
    of: ['LINK_BASE_URL'],
    problem: ({ LINK_BASE_URL = '' }) =>
      /[?#]/.test(LINK_BASE_URL) && 'LINK_BASE_URL must have no query and no fragment: paths are added to it.',
  },
  {
    of: [],
    problem: ({ TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM }) =>
      new Set([TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM].map((value) => value === undefined)).size > 1 &&
      'TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN and TWILIO_FROM go together.',
  },
  {
    of: ['MESSAGE_WEBHOOK_URL', 'MESSAGE_WEBHOOK_SECRET'],
    problem: ({ MESSAGE_WEBHOOK_URL, MESSAGE_WEBHOOK_SECRET }) =>
      (MESSAGE_WEBHOOK_URL === undefined) !== (MESSAGE_WEBHOOK_SECRET === undefined) &&
      'MESSAGE_WEBHOOK_URL and MESSAGE_WEBHOOK_SECRET go together.',
  },
  ...(['TWILIO_URL', 'MESSAGE_WEBHOOK_URL'] as const).map((name): Contradiction => ({
    of: [name],
    problem: ({ [name]: url = 'https:' }) =>
      url.startsWith('http:') &&
      !isLoopbackHost(hostOf(url)) &&
      `${name} must begin with https://, but on a loopback address: what is sent there logs people in.`,
  })),
];

function contradictions(config: Config, unread: ReadonlySet<SettingName>): string[] {
  const isRead = (name: SettingName) => !unread.has(name);
  return CONTRADICTIONS.flatMap(({ of, problem }) => (of.every(isRead) && problem(config)) || []);
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.+)\]$/, '$1');
}

/** Whether a listener on the host can be reached from this machine only. */
export function isLoopbackHost(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
