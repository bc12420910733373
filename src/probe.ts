import { ChannelCredentials, createChannel, createClient } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';
import { readEnvironment } from './config/environment.ts';

/**
 * Exits 0 when the service on this machine answers SERVING, for health checks of containers: on the port of LISTEN_ADDRESS,
 * with TLS where TLS_CERT_FILE is set. A listener that asks clients for certificates needs a health check of your own.
 * `probe.ts [host:port]`
 */
const environment = readEnvironment();
const port = environment['LISTEN_ADDRESS']?.split(':').at(-1) ?? '50051';
const [address = `127.0.0.1:${port}`] = process.argv.slice(2);
const isServing = (status: number) => status === 1;

// The certificate names the service, not this loopback address; what is asked is whether it answers, not who it is.
const security = environment['TLS_CERT_FILE']
  ? ChannelCredentials.createSsl(null, null, null, { rejectUnauthorized: false })
  : ChannelCredentials.createInsecure();
const channel = createChannel(address, security);
try {
  const client = createClient(HealthDefinition, channel);
  const { status } = await client.check({ service: '' }, { signal: AbortSignal.timeout(2000) });
  process.exitCode = isServing(status) ? 0 : 1;
} catch {
  process.exitCode = 1;
} finally {
  channel.close();
}
