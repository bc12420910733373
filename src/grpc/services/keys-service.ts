import type { ServiceImplementation } from 'nice-grpc';
import type { KeysServiceDefinition } from '../../gen/auth/v1/keys_service.ts';
import type { KeyRing } from '../../tokens/key-ring.ts';
import type { WithCaller } from '../middleware/authorize.ts';

type Deps = {
  readonly keys: Pick<KeyRing, 'list'>;
  /** How long verifiers may cache the keys, in milliseconds. */
  readonly maxAge: number;
};

/** auth.v1.KeysService: the public keys. */
export function createKeysService({ keys, maxAge }: Deps): ServiceImplementation<KeysServiceDefinition, WithCaller> {
  return {
    async getJwks() {
      return {
        keys: keys.list().map(({ publicJwk }) => publicJwk),
        maxAge: { seconds: Math.floor(maxAge / 1000), nanos: 0 },
      };
    },
  };
}
