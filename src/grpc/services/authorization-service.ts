import type { ServiceImplementation } from 'nice-grpc';
import type { AuthorizationDefinition } from '../../gen/envoy/service/auth/v3/external_auth.ts';
import type { WithCaller } from '../middleware/authorize.ts';

/** envoy.service.auth.v3.Authorization: whether Envoy lets a request through, and whom it names to the service behind. */
export function createAuthorizationService(): ServiceImplementation<AuthorizationDefinition, WithCaller> {
  return {
    async check() {
      throw new Error('unfinished');
    },
  };
}
