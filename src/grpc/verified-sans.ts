import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { ServerInterceptor } from '@grpc/grpc-js';
import type { Metadata } from 'nice-grpc-common';

/** The metadata key under which the names of a verified client certificate travel inside this process. */
const VERIFIED_SANS = 'x-verified-san';
/** One value holds all names: nice-grpc would join several into one text by itself. No name has a comma, see below. */
const SEPARATOR = ',';

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
          const verified = readNames(names);
          if (verified.length > 0) metadata.set(VERIFIED_SANS, verified.join(SEPARATOR));
          pass(metadata);
        },
      }),
  });

/** The names that a verified certificate of the caller carries; none without one. */
export function verifiedSans(metadata: Pick<Metadata, 'get'>): readonly string[] {
  return metadata.get(VERIFIED_SANS)?.split(SEPARATOR) ?? [];
}

/** Reads `DNS:orders.internal, URI:spiffe://...`; a name that Node has to quote is none of ours. */
function readNames(text: string): string[] {
  const names = text.split(', ').map((name) => name.replace(/^[A-Za-z ]+:/, ''));
  return names.filter((name) => /^[!-~]+$/.test(name) && !/[",]/.test(name));
}
