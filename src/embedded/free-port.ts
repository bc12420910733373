import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { errorCode } from './error-code.ts';

const HOST = '127.0.0.1';

/**
 * A TCP port on 127.0.0.1 that nobody listens on at this moment. It is not reserved: somebody else may take it before
 * the caller does, so be ready to ask again.
 */
export async function findFreePort(): Promise<number> {
  return listenBriefly(0);
}

/** Whether nobody listens on the port of 127.0.0.1 at this moment. */
export async function isPortFree(port: number): Promise<boolean> {
  try {
    await listenBriefly(port);
    return true;
  } catch (error) {
    if (errorCode(error) === 'EADDRINUSE') return false;
    throw error;
  }
}

async function listenBriefly(port: number): Promise<number> {
  const server = createServer();
  server.listen(port, HOST);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return address.port;
}
