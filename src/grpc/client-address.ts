import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';

/** Where a person calls from. */
type ClientAddress = {
  /** In its shortest form; an IPv4 address is written as one, also where it came as `::ffff:192.0.2.1`. */
  readonly address: string;
  /** What limits count by: the address, or the /64 of an IPv6 address, as every line has at least that many to itself. */
  readonly network: string;
};

function parseClientAddress(text: string): ClientAddress | null {
  // Stricter than the library, which takes `1` for an address; and a zone (`fe80::1%eth0`) means nothing to others.
  if (!isIP(text) || text.includes('%')) return null;
  const parsed = ipaddr.process(text);
  const address = parsed.toString();
  if (parsed.kind() === 'ipv4') return { address, network: address };
  return { address, network: `${ipaddr.IPv6.networkAddressFromCIDR(`${address}/64`).toString()}/64` };
}

/** The first entry of `x-forwarded-for`, which a service sets to the address of the person it calls for. */
export function forwardedAddress(header: string | undefined): ClientAddress | null {
  return parseClientAddress(header?.split(',')[0]?.trim() ?? '');
}

/** grpc-js gives `127.0.0.1:50000` or `[::1]:50000`. */
export function peerAddress(peer: string): ClientAddress | null {
  return parseClientAddress(peer.replace(/:\d+$/, '').replace(/^\[(.*)\]$/, '$1'));
}
