import Bowser from 'bowser';

/** Whoever writes a user agent must not be able to write what people read: only names that the library knows come out. */
const BROWSERS = new Set(Object.values(Bowser.BROWSER_MAP));
const SYSTEMS = new Set(Object.values(Bowser.OS_MAP));

/** Programs that speak gRPC. The first that is found counts: libraries add their own names behind. */
const GRPC_CLIENTS: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/\bgrpcurl\//i, 'grpcurl'],
  [/\bgrpc-node(?:-js)?\//i, 'gRPC on Node.js'],
  [/\bgrpc-python(?:-asyncio)?\//i, 'gRPC on Python'],
  [/\bgrpc-go\//i, 'gRPC on Go'],
  [/\bgrpc-java(?:-[a-z]+)?\//i, 'gRPC on Java'],
  [/\bgrpc-kotlin(?:-[a-z]+)?\//i, 'gRPC on Kotlin'],
  [/\bgrpc-dotnet\//i, 'gRPC on .NET'],
  [/\bgrpc-swift(?:-[a-z]+)?\//i, 'gRPC on Swift'],
  [/\bgrpc-dart\//i, 'gRPC on Dart'],
  [/\bgrpc-ruby\//i, 'gRPC on Ruby'],
  [/\bgrpc-(?:objc|c|c\+\+)\//i, 'gRPC on C'],
];

/** Names that say the system again, or that are nobody's. */
const SHORTER: Readonly<Record<string, string>> = {
  'Microsoft Edge': 'Edge',
  'Samsung Internet for Android': 'Samsung Internet',
  // What apps on Android send without a name of their own.
  'Android Browser': '',
};

/** The device of a user agent, for people: `Chrome on Android`. Empty: it cannot be told. */
export function deviceName(userAgent: string): string {
  const client = GRPC_CLIENTS.find(([pattern]) => pattern.test(userAgent));
  if (client) return client[1];
  // The library throws at an empty one.
  if (userAgent === '') return '';

  const { browser, os, platform } = Bowser.parse(userAgent);
  const program = browser.name !== undefined && BROWSERS.has(browser.name) ? browser.name : '';
  const system = os.name !== undefined && SYSTEMS.has(os.name) ? os.name : '';
  const isApple = platform.model === 'iPhone' || platform.model === 'iPad';
  const device = isApple ? (platform.model ?? '') : system;
  return [SHORTER[program] ?? program, device].filter(Boolean).join(' on ');
}
