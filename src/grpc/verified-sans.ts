import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';

/** The metadata key under which the names of a verified client certificate travel inside this process. */
export const VERIFIED_SANS = 'x-verified-san';

/**
 * Puts the subject alternative names of the client's certificate, which TLS has verified, where middleware can read them:
 * nice-grpc's call context has no certificate. What a client sends under that key is thrown away first.
 */
export const passVerifiedSans: ServerInterceptor = (_method, call) =>
  new ServerInterceptingCall(call, {
    start: (next) =>
      next({
        onReceiveMetadata(metadata, pass) {
          metadata.remove(VERIFIED_SANS);
          const names = call.getAuthContext().sslPeerCertificate?.subjectaltname ?? '';
          // `DNS:orders.internal, URI:spiffe://...`; a name that needs quoting is none of ours.
          for (const name of names.split(', ').filter((part) => part !== '' && !part.includes('"'))) {
            metadata.add(VERIFIED_SANS, name.replace(/^[A-Za-z ]+:/, ''));
          }
          pass(metadata);
        },
      }),
  });
