import { createChannel, createClient } from 'nice-grpc';
import { loadConfig } from '../../src/config/load.ts';
import type { Config } from '../../src/config/settings.ts';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { AuthServiceDefinition } from '../../src/gen/auth/v1/auth_service.ts';
import type { Place } from '../figure.ts';
import { startNodeProcess } from './node-process.ts';
import type { Core } from './pinning.ts';
import { untilServing } from './until-serving.ts';

export type Service = {
  readonly port: number;
  readonly pid: number;
  /** As those of its process. */
  readonly failed: Promise<never>;
  readonly stop: () => Promise<void>;
  /** The settings that it runs with. */
  readonly config: Config;
  readonly auth: ReturnType<typeof createAuthClient>;
};

export type ServiceOptions = {
  /** Default: the measured core. */
  readonly core?: Core;
  /** Beside those that connect it. */
  readonly settings?: Readonly<Record<string, string>>;
};

/** The service as it is started in earnest. All settings but the connections are the defaults. */
export async function startService(
  place: Place,
  { core = place.pinning.measured, settings: more = {} }: ServiceOptions = {},
): Promise<Service> {
  const { settings: connections } = await place.servers();
  const port = await findFreePort();
  // LOCAL_CALLERS as in the embedded default: no credential is sent.
  const settings = { ...connections, LISTEN_ADDRESS: `127.0.0.1:${port}`, LOCAL_CALLERS: 'on', ...more };
  const service = startNodeProcess({
    ...place,
    program: new URL('../../src/main.ts', import.meta.url),
    core,
    settings,
  });
  await untilServing(port, service.failed);
  const { pid, failed, stop } = service;
  return { port, pid, failed, stop, config: loadConfig(settings), auth: createAuthClient(place.scope, port) };
}

function createAuthClient(scope: AsyncDisposableStack, port: number) {
  const channel = createChannel(`127.0.0.1:${port}`);
  scope.defer(() => channel.close());
  return createClient(AuthServiceDefinition, channel);
}
