import { once } from 'node:events';
import { createServer } from 'node:http';
import type { RequestListener } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { Certificate } from '../../support/certificates.ts';

export type Site = Awaited<ReturnType<typeof startSite>>;

/** Pages of somebody else, by path, on a port of this machine and under every name: the browser of the tests takes all names here. */
export async function startSite(documents: Readonly<Record<string, string>>, certificate?: Certificate) {
  const answer: RequestListener = (request, response) => {
    const document = documents[request.url ?? ''];
    const isScript = request.url?.endsWith('.js') === true;
    response.writeHead(document === undefined ? 404 : 200, {
      'content-type': isScript ? 'text/javascript; charset=utf-8' : 'text/html; charset=utf-8',
    });
    response.end(document);
  };
  const server = certificate ? createTlsServer(certificate, answer) : createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    port,
    /** Its origin under a name. */
    at: (host: string) => `${certificate ? 'https' : 'http'}://${host}:${port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
