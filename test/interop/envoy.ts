import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { findFreePort } from '../../src/embedded/free-port.ts';
import { createAuthority } from '../support/certificates.ts';

const SAMPLE = readFileSync(new URL('../../deploy/envoy/envoy.yaml', import.meta.url), 'utf8');
const READY_MS = 20_000;

/** Where the sample says host names and ports of Docker Compose. */
export type Behind = {
  readonly replicas: readonly { readonly gateway: number; readonly grpc: number }[];
  readonly orders: number;
};

export type Envoy = {
  readonly port: number;
  /** Its access log, and what it complains about. */
  readonly logged: () => string;
  /** What its own page of administration says. */
  readonly ask: (path: string) => Promise<string>;
  readonly stop: () => Promise<void>;
};

/** The sample itself, with other addresses. */
function configure(behind: Behind, ports: { https: number; admin: number }, certificates: string): string {
  const endpoint = (host: string, port: number) =>
    `              - endpoint: { address: { socket_address: { address: ${host}, port_value: ${port} } } }\n`;
  const endpointsOf = (door: 'gateway' | 'grpc') =>
    behind.replicas.map((replica) => endpoint('127.0.0.1', replica[door])).join('');
  const changes: readonly [from: string, to: string][] = [
    ['address: 0.0.0.0, port_value: 8443', `address: 127.0.0.1, port_value: ${ports.https}`],
    ['port_value: 9901', `port_value: ${ports.admin}`],
    [endpoint('auth', 8080), endpointsOf('gateway')],
    [endpoint('auth', 50051), endpointsOf('grpc')],
    [endpoint('orders', 8090), endpoint('127.0.0.1', behind.orders)],
    ['/etc/envoy/certificates/edge.pem', `${certificates}/edge.pem`],
    // The client, the auth service and the one behind are one process here, which may be busy with the first of them.
    ['timeout: 1.5s', 'timeout: 10s'],
    ['/etc/envoy/certificates/edge.key', `${certificates}/edge.key`],
  ];
  return changes.reduce((text, [from, to]) => {
    if (text.split(from).length !== 2) throw new Error(`The sample has not exactly one "${from}".`);
    return text.replace(from, to);
  }, SAMPLE);
}

/**
 * A real Envoy with the sample; resolves when it finds those behind it healthy.
 * @param credential its line for x-service-credential
 */
export async function startEnvoy(executable: string, behind: Behind, credential: string): Promise<Envoy> {
  const authority = createAuthority();
  authority.issue('edge', 'DNS:api.example.com,DNS:auth.example.com');
  const directory = mkdtempSync(path.join(tmpdir(), 'auth-interop-envoy-'));
  const file = path.join(directory, 'envoy.yaml');
  const [https, admin] = [await findFreePort(), await findFreePort()];
  writeFileSync(file, configure(behind, { https, admin }, path.dirname(authority.caFile)));
  const options = ['--log-level', 'warning', '--concurrency', '2', '--disable-hot-restart', '--drain-time-s', '1'];
  // Ends with this process, however that ends.
  const child = spawn('setpriv', ['--pdeathsig=KILL', '--', executable, '-c', file, ...options], {
    env: { ...process.env, AUTH_CREDENTIAL: credential },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
  }
  const gone = once(child, 'exit');
  const ask = async (where: string) => (await fetch(`http://127.0.0.1:${admin}${where}`)).text();
  const envoy: Envoy = {
    port: https,
    logged: () => log,
    ask,
    async stop() {
      child.kill('SIGTERM');
      await gone;
      authority.remove();
      rmSync(directory, { recursive: true, force: true });
    },
  };
  const deadline = Date.now() + READY_MS;
  while ((await ask('/ready').catch(() => '')).trim() !== 'LIVE') {
    if (child.exitCode !== null || Date.now() > deadline) {
      await envoy.stop();
      throw new Error(`Envoy does not start: ${log}`);
    }
    await sleep(50);
  }
  return envoy;
}
