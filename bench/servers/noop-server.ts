import { findFreePort } from '../../src/embedded/free-port.ts';
import type { Place } from '../figure.ts';
import { startNodeProcess } from './node-process.ts';
import { untilServing } from './until-serving.ts';

export type NoopServer = { readonly port: number; readonly pid: number };

/** A bare nice-grpc server on the measured core. @param answerLength bytes of its answer */
export async function startNoopServer(place: Place, answerLength: number): Promise<NoopServer> {
  const port = await findFreePort();
  const server = startNodeProcess({
    ...place,
    program: new URL('./noop-process.ts', import.meta.url),
    args: [String(port), String(answerLength)],
    core: place.pinning.measured,
  });
  await untilServing(port, server.failed);
  return { port, pid: server.pid };
}
