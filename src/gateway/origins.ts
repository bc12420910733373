/** Which pages may call, and where the listener is reached. */
export type Origins = {
  /** An origin as a browser writes it into the header `origin` (RFC 6454, section 7). */
  readonly isAllowed: (origin: string) => boolean;
  /** Those of the listener itself; the first is the one that is shown to others. */
  readonly own: () => readonly string[];
  /** Whether browsers reach the listener by TLS, which a proxy in front of it has. */
  readonly isSecure: boolean;
};

type Deps = {
  /** The origin by which browsers reach the listener; undefined: on the machine itself, by any of its names. */
  readonly url: string | undefined;
  /** The origins of other pages that may call. */
  readonly others: readonly string[];
  /** Where it listens, which is known later than this; null: nowhere. */
  readonly port: () => number | null;
};

/** All are compared as they are: whatever is not the same text is another origin, `null` among them. */
export function createOrigins({ url, others, port }: Deps): Origins {
  const own = () => {
    if (url !== undefined) return [url];
    const local = port();
    return local === null ? [] : LOCAL_NAMES.map((name) => `http://${name}:${local}`);
  };
  return {
    own,
    isAllowed: (origin) => others.includes(origin) || own().includes(origin),
    isSecure: url?.startsWith('https:') ?? false,
  };
}

const LOCAL_NAMES = ['localhost', '127.0.0.1', '[::1]'];
