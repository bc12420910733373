import { ChannelCredentials, Metadata, createChannel, createClientFactory, waitForChannelReady } from 'nice-grpc';
import type { Channel, Client } from 'nice-grpc';
import { errorDetailsClientMiddleware } from 'nice-grpc-error-details';
import { AuthServiceDefinition } from '../gen/auth/v1/auth_service.ts';
import { RevocationsServiceDefinition } from '../gen/auth/v1/revocations_service.ts';

/** PEM texts. */
export type TlsOptions = {
  /** The authorities that the server's certificate may come from; without it those that Node trusts. */
  readonly ca?: string | Buffer;
  /** The client's own certificate and key, where it identifies itself by one. */
  readonly cert?: string | Buffer;
  readonly key?: string | Buffer;
};

/** Where the auth service is, and who asks. */
export type ConnectionOptions = {
  /** `host:port`. Either this or a channel. */
  readonly address?: string;
  /** TLS towards the address; `true` with Node's authorities and no certificate of one's own. Default: plain text. */
  readonly tls?: TlsOptions | boolean;
  /** A channel of the caller's own, who also closes it. It cannot be replaced when its connection hangs: set keepalive. */
  readonly channel?: Channel;
  /** `<service>:<secret>`, sent as `x-service-credential`. */
  readonly credential?: string | undefined;
};

/** The way to the auth service. */
export type Connection = {
  readonly auth: () => Client<AuthServiceDefinition>;
  readonly revocations: () => Client<RevocationsServiceDefinition>;
  /** Resolves when the server can be reached; rejects after so many milliseconds. */
  readonly reach: (milliseconds: number) => Promise<void>;
  /** Connects anew for the calls that come: the connection is there and nothing arrives on it. */
  readonly renew: () => void;
  readonly close: () => void;
};

export function createConnection({ address, tls, channel, credential }: ConnectionOptions): Connection {
  if ((address === undefined) === (channel === undefined)) throw new TypeError('Give either an address or a channel.');
  const open = () => channel ?? createChannel(address ?? '', channelCredentials(tls), CHANNEL_OPTIONS);
  const release = (opened: Channel) => {
    if (!channel) opened.close();
  };
  const metadata = Metadata({ 'x-service-credential': credential ?? [] });
  const factory = createClientFactory().use(errorDetailsClientMiddleware);
  const connect = (opened: Channel) => ({
    channel: opened,
    auth: factory.create(AuthServiceDefinition, opened, { '*': { metadata } }),
    revocations: factory.create(RevocationsServiceDefinition, opened, { '*': { metadata } }),
  });
  let current = connect(open());

  return {
    auth: () => current.auth,
    revocations: () => current.revocations,
    reach: (milliseconds) => waitForChannelReady(current.channel, new Date(Date.now() + milliseconds)),
    renew() {
      if (channel) return;
      const { channel: hanging } = current;
      current = connect(open());
      // Calls under way on it go on.
      hanging.close();
    },
    close: () => release(current.channel),
  };
}

const CHANNEL_OPTIONS = {
  // A new channel has to be a new connection, not the one that hangs.
  'grpc.use_local_subchannel_pool': 1,
  // The defaults wait for a second at first and for two minutes at last.
  'grpc.initial_reconnect_backoff_ms': 50,
  'grpc.max_reconnect_backoff_ms': 1000,
};

function channelCredentials(tls: TlsOptions | boolean | undefined): ChannelCredentials {
  if (tls === undefined || tls === false) return ChannelCredentials.createInsecure();
  const { ca, cert, key } = tls === true ? {} : tls;
  const bytes = (pem: string | Buffer | undefined) => (pem === undefined ? null : Buffer.from(pem));
  return ChannelCredentials.createSsl(bytes(ca), bytes(key), bytes(cert));
}
