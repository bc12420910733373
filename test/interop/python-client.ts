import { mkdtemp, mkdir, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { mustRun } from './run.ts';

/** A Python environment of its own with grpcio, and the client that protoc's Python plugin makes of our protos. */
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
  ]);

  const generated = path.join(directory, 'generated');
  await mkdir(generated);
  const out = ['--python_out', '--grpc_python_out'].map((option) => `${option}=${generated}`);
  const protos = (await readdir('proto', { recursive: true })).filter((file) => file.endsWith('.proto'));
  await mustRun(executable, ['-m', 'grpc_tools.protoc', '--proto_path=proto', ...out, ...protos]);
  return { executable, path: generated, remove: () => rm(directory, { recursive: true, force: true }) };
}
