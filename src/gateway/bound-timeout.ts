/** The longest that a timer of Node can be set to, 24 days in milliseconds; one that is set to more is over at once. */
const LONGEST = 2 ** 31 - 1;

/** https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md ("Timeout"), in milliseconds. */
const UNITS = { H: 3_600_000, M: 60_000, S: 1000, m: 1, u: 1e-3, n: 1e-6 };

/** Takes away timeouts that are as good as none. Those that cannot be read are left for Connect to refuse. */
export function boundTimeout(headers: Headers): void {
  const [, count, unit] = /^(\d{1,8})([HMSmun])$/.exec(headers.get('grpc-timeout') ?? '') ?? [];
  if (Number(count) * UNITS[unit as keyof typeof UNITS] > LONGEST) headers.delete('grpc-timeout');
  if (Number(headers.get('connect-timeout-ms')) > LONGEST) headers.delete('connect-timeout-ms');
}
