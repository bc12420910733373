import { createChannel, createClient } from 'nice-grpc';
import { HealthDefinition } from 'nice-grpc-server-health';

/** Exits 0 when the service at the address answers SERVING, for health checks of containers. `probe.ts [host:port]` */
const [address = '127.0.0.1:50051'] = process.argv.slice(2);
const SERVING = 1;

const channel = createChannel(address);
try {
  const { status } = await createClient(HealthDefinition, channel).check(
    { service: '' },
    { signal: AbortSignal.timeout(2000) },
  );
  process.exitCode = (status as number) === SERVING ? 0 : 1;
} catch {
  process.exitCode = 1;
} finally {
  channel.close();
}
