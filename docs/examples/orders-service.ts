// A backend service that lets through whom the auth service lets through, without asking it on every call. In a project of
// your own the import is from 'auth-service/client' (docs/client.md).
import type { CallContext } from 'nice-grpc';
import { createServer } from 'nice-grpc';
import { HealthDefinition, HealthServiceImpl, HealthState } from 'nice-grpc-server-health';
import { authenticate, createTokenVerifier } from '../../src/client/client.ts';
import type { Principal } from '../../src/client/client.ts';

// It verifies tokens by itself and follows what is revoked. Past 3 s without news it asks; if nobody answers, it refuses.
const verifier = createTokenVerifier({
  address: process.env['AUTH_ADDRESS'] ?? '127.0.0.1:50051',
  // Who we are. Not needed by a local caller of the embedded set-up.
  credential: process.env['AUTH_CREDENTIAL'],
});

// Calls without a live access token end with UNAUTHENTICATED and a reason; UNAVAILABLE where nobody can know.
const server = createServer().use(authenticate(verifier));

// A service of your own stands here; its handlers find the principal in their context.
const health = HealthServiceImpl(HealthState());
server.add(HealthDefinition, {
  ...health,
  async check(request, context: CallContext & { principal: Principal }) {
    console.log(`${context.principal.userId} asks, a ${context.principal.roles.join(' and ')}`);
    return await health.check(request, context);
  },
});
await server.listen('127.0.0.1:50061');
