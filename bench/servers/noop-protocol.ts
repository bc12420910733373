import { ValidateTokenRequest } from '../../src/gen/auth/v1/auth_service.ts';

/**
 * The call that does nothing. Both messages are one string, the cheapest message there is: what a richer answer costs to
 * write down counts against ValidateToken, as it should. ValidateTokenRequest serves for both, as it is one string.
 */
export const NoopDefinition = {
  name: 'NoopService',
  fullName: 'bench.NoopService',
  methods: {
    noop: {
      name: 'Noop',
      requestType: ValidateTokenRequest,
      requestStream: false,
      responseType: ValidateTokenRequest,
      responseStream: false,
      options: {},
    },
  },
} as const;
