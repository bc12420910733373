// A backend service that lets through whom ValidateToken lets through. The generated client comes from `proto/`, with
// buf and ts-proto as in buf.gen.yaml; in a project of your own the import is from your own generated folder.
import { createChannel, createClient, Metadata, ServerError, Status } from 'nice-grpc';
import { AuthServiceDefinition } from '../../src/gen/auth/v1/auth_service.ts';
import type { Principal } from '../../src/gen/auth/v1/principal.ts';

const auth = createClient(AuthServiceDefinition, createChannel(process.env['AUTH_ADDRESS'] ?? '127.0.0.1:50051'), {
  '*': {
    // Who we are. Not needed by a local caller of the embedded set-up.
    metadata: Metadata({ 'x-service-credential': process.env['AUTH_CREDENTIAL'] ?? [] }),
  },
});

/** Whom the call's access token speaks for. Throws UNAUTHENTICATED for a bad token; UNAVAILABLE passes through. */
export async function principalOf(metadata: Metadata): Promise<Principal> {
  const accessToken = metadata.get('authorization')?.replace(/^Bearer /i, '') ?? '';
  if (accessToken === '') throw new ServerError(Status.UNAUTHENTICATED, 'An access token is needed.');
  const { result } = await auth.validateToken({ accessToken }, { signal: AbortSignal.timeout(2000) });
  if (result?.$case === 'principal') return result.value;
  throw new ServerError(Status.UNAUTHENTICATED, result?.value.message ?? 'The token was not accepted.');
}
