import ipaddr from 'ipaddr.js';

/** What is said of a network. */
type Value = string | number | readonly Value[] | { readonly [key: string]: Value };
type Tree = { [bit: number]: Tree | Buffer | undefined };

const RECORD_BITS = 32;

/**
 * A GeoIP database of the given networks, in the format of MaxMind DB 2.0 (https://maxmind.github.io/MaxMind-DB): a binary
 * tree of the bits of addresses, the data, and a map that describes both. IPv4 networks are at the beginning of IPv6.
 */
export function mmdbOf(networks: { readonly [cidr: string]: Value }, ipVersion: 4 | 6 = 6): Buffer {
  const root: Tree = {};
  for (const [cidr, value] of Object.entries(networks)) insert(root, bitsOf(cidr, ipVersion), encode(value));

  const nodes: Tree[] = [];
  const collect = (tree: Tree) => {
    nodes.push(tree);
    for (const bit of [0, 1]) if (tree[bit] !== undefined && !Buffer.isBuffer(tree[bit])) collect(tree[bit]);
  };
  collect(root);

  const search = Buffer.alloc(nodes.length * 2 * (RECORD_BITS / 8));
  const data: Buffer[] = [];
  let dataLength = 0;
  for (const [index, node] of nodes.entries()) {
    for (const bit of [0, 1]) {
      const to = node[bit];
      let record = nodes.length;
      if (Buffer.isBuffer(to)) {
        // Behind the nodes come 16 zeros, which count as data.
        record += 16 + dataLength;
        data.push(to);
        dataLength += to.length;
      } else if (to) record = nodes.indexOf(to);
      search.writeUInt32BE(record, (index * 2 + bit) * (RECORD_BITS / 8));
    }
  }
  const about = encode({
    binary_format_major_version: 2,
    binary_format_minor_version: 0,
    build_epoch: 1_700_000_000,
    database_type: 'Test-City',
    description: { en: 'Places of the tests' },
    ip_version: ipVersion,
    languages: ['en'],
    node_count: nodes.length,
    record_size: RECORD_BITS,
  });
  return Buffer.concat([search, Buffer.alloc(16), ...data, Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1'), about]);
}

function bitsOf(cidr: string, ipVersion: 4 | 6): string {
  const [address, length] = ipaddr.parseCIDR(cidr);
  const bits = address
    .toByteArray()
    .map((byte) => byte.toString(2).padStart(8, '0'))
    .join('');
  const before = address.kind() === 'ipv4' && ipVersion === 6 ? '0'.repeat(96) : '';
  return before + bits.slice(0, length);
}

function insert(tree: Tree, bits: string, data: Buffer): void {
  const bit = Number(bits[0]);
  if (bits.length === 1) tree[bit] = data;
  else insert((tree[bit] ??= {}) as Tree, bits.slice(1), data);
}

function encode(value: Value): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (Array.isArray(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const parts = Object.entries(value).flatMap(([key, part]: [string, Value]) => [encode(key), encode(part)]);
  return Buffer.concat([control(7, parts.length / 2), ...parts]);
}

function control(type: number, size: number): Buffer {
  const short = size < 29 ? size : 29;
  return Buffer.from([
    (type > 7 ? 0 : type << 5) | short,
    ...(type > 7 ? [type - 7] : []),
    ...(size < 29 ? [] : [size - 29]),
  ]);
}
