import type { TestProject } from 'vitest/node';
import { startServiceProcess } from './service-process.ts';
import { findGrpcurl, findHealthProbe } from './find-go-programs.ts';
import { createPythonClient } from './python-client.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** host:port of the service as `npm start` runs it. */
    address: string;
    /** Where it serves browsers. */
    gatewayUrl: string;
    /** The directory that it writes messages to. */
    messages: string;
    grpcurl: string;
    healthProbe: string | null;
    /** The python of an environment that has grpcio and our generated client. */
    python: { readonly executable: string; readonly path: string };
    /** The program, of the version that docker-compose.yml runs. */
    envoy: string;
  }
}

/** Finds or installs the foreign clients and starts the service as a newcomer would. What is missing fails the run. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const grpcurl = await findGrpcurl();
  const healthProbe = await findHealthProbe();
  const python = await createPythonClient();
  const service = await startServiceProcess();
  // As docs/journeys.md tells its reader.
  await service.createSuperadmin('root', 'a superadmin of our own');
  project.provide('address', service.address);
  project.provide('gatewayUrl', service.gatewayUrl);
  project.provide('messages', service.messages);
  project.provide('grpcurl', grpcurl);
  project.provide('healthProbe', healthProbe);
  project.provide('python', { executable: python.executable, path: python.path });
  project.provide('envoy', python.envoy);
  return async () => {
    await service.stop();
    await python.remove();
  };
}
