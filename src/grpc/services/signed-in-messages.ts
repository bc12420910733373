import type { SessionTokens, SessionUser, SignedInUser } from '../../auth/session-tokens.ts';
import type { TokenPair } from '../../gen/auth/v1/token.ts';

/** What RegisterResponse, LoginResponse, FinishRegistrationResponse and FinishCodeLoginResponse have in common. */
export function toSignedInMessage(user: SignedInUser) {
  return { ...toSessionMessage(user), deviceToken: user.deviceToken };
}

/** Of somebody who has no account to come back to. */
export function toSessionMessage({ userId, roles, tokens }: SessionUser) {
  return { userId, roles: [...roles], tokens: toTokenPair(tokens) };
}

export function toTokenPair(tokens: SessionTokens): TokenPair {
  return {
    accessToken: tokens.accessToken,
    accessTokenExpireTime: tokens.accessExpiresAt,
    refreshToken: tokens.refreshToken,
    refreshTokenExpireTime: tokens.refreshExpiresAt,
    sessionId: tokens.sessionId,
  };
}
