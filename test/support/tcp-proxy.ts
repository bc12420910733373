import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Socket } from 'node:net';

/** A network between the service and a server, which a test can take away. */
export type TcpProxy = {
  readonly port: number;
  /** Breaks all connections and refuses new ones: the server is gone. */
  readonly cut: () => Promise<void>;
  /** Connections stay and new ones are taken, but nothing passes any more: the machine or a cable is gone. */
  readonly stall: () => void;
  readonly restore: () => Promise<void>;
  readonly stop: () => Promise<void>;
};

export async function startTcpProxy(target: { host: string; port: number }): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  let isStalled = false;

  const server = createServer((near) => {
    const far = connect(target);
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from);
      from.on('data', (data) => {
        if (!isStalled) to.write(data);
      });
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        to.destroy();
      });
    }
  });
  const listen = async (port: number) => {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  };
  const breakAll = () => {
    for (const socket of sockets) socket.destroy();
  };
  const close = async () => {
    if (!server.listening) return;
    const closed = once(server, 'close');
    server.close();
    breakAll();
    await closed;
  };

  await listen(0);
  const { port } = server.address() as AddressInfo;
  return {
    port,
    cut: close,
    stall: () => void (isStalled = true),
    async restore() {
      // What was swallowed leaves gaps in the streams: such connections are of no use any more.
      if (isStalled) breakAll();
      isStalled = false;
      if (!server.listening) await listen(port);
    },
    stop: close,
  };
}
