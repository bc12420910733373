import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import proxyAddress from 'proxy-addr';

/**
 * Says where the person calls from: the connection's address or, if that is a proxy which is believed, the last entry of
 * `x-forwarded-for` that is no such proxy. An entry that is no address counts for nothing, so that nobody is counted by none:
 * he is then counted as the proxy that let it through.
 *
 * @param trustedProxies addresses and networks
 * @returns undefined: the connection is gone
 */
export function createClientAddress(trustedProxies: readonly string[]) {
  const believes = proxyAddress.compile([...trustedProxies]);
  return (request: IncomingMessage): string | undefined =>
    proxyAddress.all(request as never, believes).findLast((entry) => isIP(entry) !== 0 && !entry.includes('%'));
}
