import type { ServiceImplementation } from 'nice-grpc';
import type { FinishCodeLogin } from '../../auth/finish-code-login.ts';
import type { LoginWithPassword } from '../../auth/login-with-password.ts';
import type { Logout } from '../../auth/logout.ts';
import type { Refresh } from '../../auth/refresh.ts';
import type { Register } from '../../auth/register.ts';
import type { StartCodeLogin } from '../../auth/start-code-login.ts';
import type { StartGuestSession } from '../../auth/start-guest-session.ts';
import type { ValidateToken } from '../../auth/validate-token.ts';
import type { LogoutScope as Scope } from '../../db/auth-functions.ts';
import { AppError } from '../../errors/app-error.ts';
import { LogoutScope, RefreshOutcome } from '../../gen/auth/v1/auth_service.ts';
import type { AuthServiceDefinition } from '../../gen/auth/v1/auth_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';
import { encodedResponse } from '../encoded-response.ts';
import { toDuration } from './durations.ts';
import { presentedToken } from './presented-token.ts';
import type { EncodeValidations } from './encode-validations.ts';
import { toSessionMessage, toSignedInMessage, toTokenPair } from './signed-in-messages.ts';
import { toFreshness } from './validation-messages.ts';

type Deps = {
  readonly register: Register;
  readonly startGuestSession: StartGuestSession;
  readonly loginWithPassword: LoginWithPassword;
  readonly startCodeLogin: StartCodeLogin;
  readonly finishCodeLogin: FinishCodeLogin;
  readonly refresh: Refresh;
  readonly logout: Logout;
  readonly validateToken: ValidateToken;
  readonly encodeValidations: EncodeValidations;
};

/** Of the numbers that can arrive, only the known ones have a scope. */
const SCOPES: { readonly [number: number]: Scope | undefined } = {
  [LogoutScope.UNSPECIFIED]: 'this',
  [LogoutScope.THIS_SESSION]: 'this',
  [LogoutScope.ALL_SESSIONS]: 'all',
  [LogoutScope.OTHER_SESSIONS]: 'others',
} satisfies { readonly [S in LogoutScope]: Scope };

const OUTCOMES = { rotated: RefreshOutcome.ROTATED, replayed: RefreshOutcome.REPLAYED } as const;

const MOST_TOKENS = 1000;

/** auth.v1.AuthService: messages to inputs, results to messages. Nothing is decided here. */
export function createAuthService(deps: Deps): ServiceImplementation<AuthServiceDefinition, WithCaller> {
  const one = (answer: Parameters<EncodeValidations['one']>[0]) => encodedResponse(deps.encodeValidations.one(answer));
  const many = (answer: Parameters<EncodeValidations['many']>[0]) =>
    encodedResponse(deps.encodeValidations.many(answer));

  return {
    async register(request, { caller, signal }) {
      const input = { ...request, profile: request.profile ?? {} };
      return toSignedInMessage(await deps.register(input, caller, signal));
    },

    async login(request, { caller, signal }) {
      return toSignedInMessage(await deps.loginWithPassword(request, caller, signal));
    },

    async startCodeLogin(request, { caller }) {
      const { handle, lifetime, resendDelay } = await deps.startCodeLogin(request, caller);
      return { handle, lifetime: toDuration(lifetime), resendDelay: toDuration(resendDelay) };
    },

    async finishCodeLogin(request, { caller }) {
      const user = await deps.finishCodeLogin(request, caller);
      return { ...toSignedInMessage(user), created: user.isCreated };
    },

    async startGuestSession(request, { caller }) {
      return toSessionMessage(await deps.startGuestSession(request, caller));
    },

    async refresh(request, { caller }) {
      const { tokens, outcome } = await deps.refresh(request, caller);
      return { tokens: toTokenPair(tokens), outcome: OUTCOMES[outcome] };
    },

    async logout(request, { caller }) {
      const scope = SCOPES[request.scope];
      if (scope === undefined) throw invalid('scope', 'must be a value of LogoutScope');
      return await deps.logout({ scope }, signedIn(caller));
    },

    async validateToken({ accessToken, consistency }) {
      return one(await deps.validateToken.one(presentedToken(accessToken), toFreshness(consistency)));
    },

    async batchValidateTokens({ accessTokens, consistency }) {
      if (accessTokens.length === 0 || accessTokens.length > MOST_TOKENS) {
        throw invalid('access_tokens', `must be 1 to ${MOST_TOKENS}`);
      }
      for (const [index, accessToken] of accessTokens.entries()) presentedToken(accessToken, `access_tokens[${index}]`);
      return many(await deps.validateToken.many(accessTokens, toFreshness(consistency)));
    },

    async *streamValidateTokens(requests) {
      for await (const { accessToken, consistency } of requests) {
        const answer = deps.validateToken.one(presentedToken(accessToken), toFreshness(consistency));
        // Awaited only where there is something to wait for: a turn of the loop a message is what a stream is to save.
        yield one(answer instanceof Promise ? await answer : answer);
      }
    },
  };
}

function invalid(field: string, description: string): AppError {
  return new AppError('INVALID_REQUEST', { violations: [{ field, description }] });
}
