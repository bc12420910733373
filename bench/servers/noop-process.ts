import { createServer } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import { NoopDefinition } from './noop-protocol.ts';

// nice-grpc as it comes: no middleware, no options, an empty handler.
const [port, answerLength] = process.argv.slice(2);
const answer = { accessToken: 'x'.repeat(Number(answerLength)) };

const server = createServer();
const health = HealthState();
server.add(HealthDefinition, { check: HealthServiceImpl(health).check, watch: HealthServiceImpl(health).watch });
server.add(NoopDefinition, { noop: async () => answer });
await server.listen(`127.0.0.1:${port}`);
health.setStatus('healthy');
process.once('SIGTERM', () => process.exit(0));
