import type { Metadata, ServerMiddleware } from 'nice-grpc-common';
import type { Freshness, ValidateToken } from '../../auth/validate-token.ts';
import type { Caller, UserIdentity } from '../../caller.ts';
import { preferredLanguage } from '../../languages.ts';
import type { Language } from '../../languages.ts';
import { AppError } from '../../errors/app-error.ts';
import { Access } from '../../gen/auth/options/v1/access.ts';
import type { AccessRules } from '../access.ts';
import type { WithRecord } from '../call-record.ts';
import { forwardedAddress, peerAddress } from '../client-address.ts';
import type { RecognizeService } from '../service-identities.ts';

/** What handlers are given. */
export type WithCaller = WithRecord & { readonly caller: Caller };

/** Whether a role that the user holds now, by the database, permits the method. */
export type CheckPermission = (input: { userId: string; permission: string; method: string }) => Promise<boolean>;

export type AuthorizeDeps = {
  readonly rules: AccessRules;
  readonly recognizeService: RecognizeService;
  readonly validateToken: ValidateToken;
  readonly checkPermission: CheckPermission;
  readonly isRecentLogin: (sessionId: string, maxAge: number) => Promise<boolean>;
  readonly anonymousInterfaces: readonly string[];
  readonly defaultLanguage: Language;
};

/** Milliseconds; the contract says so. */
const RECENT_LOGIN = 5 * 60_000;
const LONGEST_USER_AGENT = 512;

/** Finds out who calls and lets through whom the method's access option names. A method without a rule is refused. */
export function createAuthorize({
  rules,
  recognizeService,
  validateToken,
  checkPermission,
  isRecentLogin,
  anonymousInterfaces,
  defaultLanguage,
}: AuthorizeDeps): ServerMiddleware<WithCaller, WithRecord> {
  async function identifyUser(metadata: Metadata, freshness: Freshness): Promise<UserIdentity | null> {
    const header = metadata.get('authorization');
    if (header === undefined) return null;
    const [, token] = /^Bearer ([^ ]+)$/i.exec(header) ?? [];
    if (token === undefined) throw new AppError('TOKEN_MALFORMED');
    const { validation } = await validateToken.one(token, freshness);
    if (typeof validation === 'string') throw new AppError(validation);
    const { userId, sessionId, tokenId, roles, expiresAt } = validation;
    return { userId, sessionId, tokenId, roles, tokenExpiresAt: expiresAt };
  }

  /** The roles in the token are those of its birth. Only what the database says now counts. */
  async function requirePermission({ userId }: UserIdentity, permission: string, path: string): Promise<void> {
    if (await checkPermission({ userId, permission, method: path.slice(1) })) return;
    throw new AppError('PERMISSION_REQUIRED', { metadata: { permission } });
  }

  return async function* authorize(call, context) {
    const { record, metadata, peer } = context;
    const rule = rules.get(call.method.path);
    const access = rule?.access;
    const service = recognizeService(metadata);
    if (service) record.service = service.name;

    let user: UserIdentity | null = null;
    switch (access) {
      case Access.SERVICE:
        if (!service) throw new AppError('SERVICE_IDENTITY_REQUIRED');
        break;
      case Access.PUBLIC:
      case Access.USER:
        user = rule?.ignoresAccessToken ? null : await identifyUser(metadata, 'lease');
        if (!user && access === Access.USER) throw new AppError('TOKEN_MISSING');
        break;
      case Access.ADMIN:
        // Administration is rare and can do harm: it asks PostgreSQL, where everybody else answers from memory.
        user = await identifyUser(metadata, 'now');
        if (!user) throw new AppError('TOKEN_MISSING');
        break;
      default:
        // No rule, or a class that came later than this code.
        throw new AppError('PERMISSION_REQUIRED');
    }
    if (service && !service.mayCall(call.method.path)) throw new AppError('SERVICE_NOT_ALLOWED');
    if (user) record.userId = user.userId;
    // Behind the line above: the log says who was refused.
    if (user && rule?.needsRecentLogin && !(await isRecentLogin(user.sessionId, RECENT_LOGIN))) {
      throw new AppError('RECENT_LOGIN_REQUIRED');
    }
    if (user && access === Access.ADMIN) {
      await requirePermission(user, rule?.permission ?? '', call.method.path);
    }

    // A service calls for somebody: his address and program are what it forwards. Nobody else is believed.
    const from = service ? forwardedAddress(metadata.get('x-forwarded-for')) : peerAddress(peer);
    const caller: Caller = {
      requestId: record.requestId,
      service,
      user,
      interfaces: service?.interfaces ?? anonymousInterfaces,
      address: from?.address ?? null,
      network: from?.network ?? null,
      userAgent:
        (service ? metadata.get('x-user-agent') : metadata.get('user-agent'))?.slice(0, LONGEST_USER_AGENT) ?? null,
      clientKey: null,
      language: preferredLanguage(metadata.get('accept-language'), defaultLanguage),
    };
    return yield* call.next(call.request, { ...context, caller });
  };
}
