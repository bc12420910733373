import path from 'node:path';
import { mustRun, run } from './run.ts';

/** A Go program from the PATH, or where `go install` puts it, installed if it is not there. */
async function findGoProgram(name: string, module: string): Promise<string> {
  if ((await run(name, ['-version'])).code === 0) return name;
  const goPath = await mustRun('go', ['env', 'GOPATH']).catch(() => {
    throw new Error(`${name} is not on the PATH, and Go, which could install it, is not there. Install one of them.`);
  });
  const executable = path.join(goPath.trim(), 'bin', path.basename(module));
  if ((await run(executable, ['-version'])).code !== 0) await mustRun('go', ['install', `${module}@latest`]);
  return executable;
}

export function findGrpcurl(): Promise<string> {
  return findGoProgram('grpcurl', 'github.com/fullstorydev/grpcurl/cmd/grpcurl');
}

/** null where neither the PATH nor the Go module proxy has it; that is said aloud. */
export async function findHealthProbe(): Promise<string | null> {
  return await findGoProgram('grpc_health_probe', 'github.com/grpc-ecosystem/grpc-health-probe').catch(
    (error: unknown) => {
      console.warn(`grpc_health_probe cannot be had here; grpcurl and grpcio check the health alone. ${String(error)}`);
      return null;
    },
  );
}
