/** A service that has shown who it is. */
export type ServiceIdentity = {
  readonly name: string;
  /** The interfaces that it may speak for. */
  readonly interfaces: readonly string[];
};

/** The user of a live access token. */
export type UserIdentity = {
  readonly userId: string;
  readonly sessionId: string;
  readonly tokenId: string;
  readonly roles: readonly string[];
  /** When the presented token ends, in epoch milliseconds. */
  readonly tokenExpiresAt: number;
};

/** Who asks. */
export type Caller = {
  readonly requestId: string;
  readonly service: ServiceIdentity | null;
  readonly user: UserIdentity | null;
  /** The interfaces that the request may name. */
  readonly interfaces: readonly string[];
  /** The address of the person's device; null where only a service is known to call. */
  readonly address: string | null;
  /** What limits count by: the address, or the network that an IPv6 address belongs to. */
  readonly network: string | null;
  readonly userAgent: string | null;
  /** The SHA-256 thumbprint (RFC 7638) of the key that the client has proved to hold (RFC 9449); null without a proof. */
  readonly clientKey: string | null;
  /** The language of messages to the person, as far as the request says it. */
  readonly language: string;
};

/** A caller whose access token has been checked. */
export type SignedInCaller = Caller & { readonly user: UserIdentity };
