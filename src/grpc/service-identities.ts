import { hash, timingSafeEqual } from 'node:crypto';
import type { Metadata } from 'nice-grpc-common';
import type { ServiceIdentity } from '../caller.ts';
import type { ServiceCaller } from '../config/service-caller.ts';
import { verifiedSans } from './verified-sans.ts';

/** A service that was recognised, and what it may call. */
type RecognizedService = ServiceIdentity & { readonly mayCall: (path: string) => boolean };

export type RecognizeService = (metadata: Pick<Metadata, 'get'>) => RecognizedService | null;

type Deps = {
  readonly callers: readonly ServiceCaller[];
  /** Set where every caller of the listener is a service: the loopback listener of the embedded set-up. */
  readonly local: ServiceIdentity | null;
};

/** Where a service shows its credential: `<name>:<secret>`. */
const CREDENTIAL = 'x-service-credential';

/** Recognises services by a verified certificate or by a credential in the metadata. */
export function createRecognizeService({ callers, local }: Deps): RecognizeService {
  const known = callers.map((caller) => {
    const methods = new Set(caller.methods);
    return {
      ...caller,
      digest: caller.secretSha256 ? Buffer.from(caller.secretSha256, 'hex') : null,
      service: {
        name: caller.name,
        interfaces: caller.interfaces,
        // `*`, a whole service `auth.v1.AuthService/*`, or one method `auth.v1.AuthService/ValidateToken`.
        mayCall: (path: string) => {
          const method = path.slice(1);
          return methods.has('*') || methods.has(method) || methods.has(method.replace(/\/.*$/, '/*'));
        },
      },
    };
  });
  const localService = local && { ...local, mayCall: () => true };

  return (metadata) => {
    const sans = verifiedSans(metadata);
    if (sans.length > 0) {
      const bySan = known.find((caller) => caller.sans?.some((san) => sans.includes(san)));
      if (bySan) return bySan.service;
    }
    const credential = metadata.get(CREDENTIAL);
    if (credential !== undefined) {
      const [name, secret = ''] = credential.split(/:(.*)/s);
      const caller = known.find((candidate) => candidate.name === name);
      const digest = hash('sha256', secret, 'buffer');
      // A credential that is wrong is no identity, not even that of a local caller.
      return caller?.digest && timingSafeEqual(caller.digest, digest) ? caller.service : null;
    }
    return localService;
  };
}
