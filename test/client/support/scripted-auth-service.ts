import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer, ServerError, Status } from 'nice-grpc';
import { ErrorInfo, RichServerError, errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import { AuthServiceDefinition } from '../../../src/gen/auth/v1/auth_service.ts';
import type { ValidateTokenResponse } from '../../../src/gen/auth/v1/auth_service.ts';
import { ErrorReason } from '../../../src/gen/auth/v1/error_reason.ts';
import { RevocationsServiceDefinition } from '../../../src/gen/auth/v1/revocations_service.ts';
import type { Revocation, WatchRevocationsResponse } from '../../../src/gen/auth/v1/revocations_service.ts';
import { signJws } from '../../support/signing.ts';

export type ScriptedAuthService = Awaited<ReturnType<typeof startScriptedAuthService>>;

type Watcher = {
  readonly afterRevision: number;
  readonly send: (response: Partial<WatchRevocationsResponse>) => void;
  readonly end: () => void;
};

/** A signing key of a script. */
export function scriptedKey(kid = randomUUID()) {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  const { kty = '', crv = '', x = '' } = publicKey.export({ format: 'jwk' });
  return {
    kid,
    algorithm: 'EdDSA' as const,
    privateKey,
    publicKey,
    jwk: { kid, kty, crv, x, alg: 'EdDSA', use: 'sig' },
  };
}
export type ScriptedKey = ReturnType<typeof scriptedKey>;

/**
 * An auth service that does as a test says: what no real one can be brought to do, such as to fall silent, to claim more than
 * it has sent, or to send things in a wrong order.
 */
export async function startScriptedAuthService() {
  const key = scriptedKey();
  const script = {
    keys: [key] as ScriptedKey[],
    revision: 0,
    /** Sent to each new watcher. */
    greeting: true,
    /** What a watch ends with at once. */
    watchError: undefined as string | undefined,
    /** Milliseconds until a watch is taken and answered. */
    openingTakes: 0,
    /** Whether checkpoints are sent, ten a second. */
    checkpoints: true,
    validate: (): string | null => null,
    /** Milliseconds. */
    validatingTakes: 0,
  };
  const watchers = new Set<Watcher>();
  const counts = { validations: 0, watches: [] as number[] };
  const profile = () => ({
    keys: script.keys.map(({ jwk }) => jwk),
    issuer: 'auth-service',
    audience: 'internal',
    longestLifetime: { seconds: 1800, nanos: 0 },
  });

  const server = createServer().use(errorDetailsServerMiddleware);
  server.add(RevocationsServiceDefinition, {
    async *watchRevocations({ afterRevision }, { signal }) {
      counts.watches.push(afterRevision);
      if (script.watchError !== undefined) throw refusal(Status.FAILED_PRECONDITION, script.watchError);
      await delay(script.openingTakes);
      const begunAt = performance.now();
      const queue: Partial<WatchRevocationsResponse>[] = [];
      let wake: () => void = () => undefined;
      let isEnded = false;
      const watcher: Watcher = {
        end() {
          isEnded = true;
          wake();
        },
        afterRevision,
        send(response) {
          queue.push(response);
          wake();
        },
      };
      watchers.add(watcher);
      const completeUntil = () => durationOf(performance.now() - begunAt);
      if (script.greeting) {
        queue.push({ revision: script.revision, tokenProfile: tokenProfile(), completeUntil: completeUntil() });
      }
      try {
        while (!signal.aborted && !isEnded) {
          for (let next = queue.shift(); next; next = queue.shift()) yield next;
          await Promise.race([delay(100), new Promise<void>((resolve) => (wake = resolve))]);
          if (queue.length > 0) continue;
          if (script.checkpoints) yield { revision: script.revision, completeUntil: completeUntil() };
          else await delay(5);
        }
      } finally {
        watchers.delete(watcher);
      }
    },
  });
  const tokenProfile = () => ({ ...profile(), keys: profile().keys.map((jwk) => ({ ...EMPTY_JWK, ...jwk })) });

  async function answer(accessToken: string): Promise<ValidateTokenResponse> {
    counts.validations += 1;
    await delay(script.validatingTakes);
    const reason = script.validate();
    const claims = JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString() || '{}');
    return {
      result: reason
        ? { $case: 'problem', value: { reason: ErrorReason[reason as keyof typeof ErrorReason], message: '' } }
        : {
            $case: 'principal',
            value: {
              userId: claims.sub,
              sessionId: claims.sid,
              tokenId: claims.jti,
              roles: claims.roles,
              issueTime: new Date(claims.iat * 1000),
              expireTime: new Date(claims.exp * 1000),
            },
          },
      revision: script.revision,
      source: 1,
    };
  }
  const unimplemented = () => Promise.reject(new ServerError(Status.UNIMPLEMENTED, ''));
  server.add(AuthServiceDefinition, {
    validateToken: ({ accessToken }) => answer(accessToken),
    register: unimplemented,
    login: unimplemented,
    refresh: unimplemented,
    logout: unimplemented,
    startCodeLogin: unimplemented,
    finishCodeLogin: unimplemented,
    startGuestSession: unimplemented,
    batchValidateTokens: unimplemented,
    async *streamValidateTokens(questions) {
      for await (const { accessToken } of questions) yield await answer(accessToken);
    },
  });
  const port = await server.listen('127.0.0.1:0');

  return {
    script,
    counts,
    key,
    port,
    address: `127.0.0.1:${port}`,
    /** Sends to everybody who watches. */
    send(response: Partial<WatchRevocationsResponse>) {
      for (const watcher of watchers) watcher.send(response);
    },
    /** Ends all watches in order, as a server that stops. */
    endWatches() {
      for (const watcher of watchers) watcher.end();
    },
    sendProfile: () => {
      for (const watcher of watchers) watcher.send({ revision: script.revision, tokenProfile: tokenProfile() });
    },
    /** Revokes sessions, one revision each. */
    revoke(...sessionIds: string[]) {
      const revocations = sessionIds.map((sessionId) => sessionRevocation((script.revision += 1), sessionId));
      for (const watcher of watchers) watcher.send({ revision: script.revision, revocations });
    },
    stop: () => server.forceShutdown(),
  };
}

const EMPTY_JWK = { kid: '', kty: '', alg: '', use: '', crv: '', x: '', y: '', n: '', e: '' };

export function sessionRevocation(revision: number, sessionId: string): Revocation {
  return {
    revision,
    subject: { $case: 'sessionId', value: sessionId },
    expireTime: new Date(Date.now() + 1_800_000),
  };
}

export function durationOf(milliseconds: number) {
  const whole = Math.floor(milliseconds);
  return { seconds: Math.trunc(whole / 1000), nanos: (whole % 1000) * 1_000_000 };
}

function refusal(status: Status, reason: string) {
  return new RichServerError(status, reason, [ErrorInfo.fromPartial({ reason, domain: 'auth-service' })]);
}

/** An access token as the service signs them. */
export function scriptedToken(key: ScriptedKey, claims: Record<string, unknown> = {}) {
  const sessionId = randomUUID();
  const now = Math.floor(Date.now() / 1000);
  const payload = {
    ...{ iss: 'auth-service', aud: 'internal', sub: randomUUID(), sid: sessionId, roles: ['customer'] },
    ...{ jti: randomUUID(), iat: now, exp: now + 1700 },
    ...claims,
  };
  const token = signJws(key, { alg: 'EdDSA', kid: key.kid, typ: 'at+jwt' }, payload);
  return { token, sessionId: payload.sid, tokenId: payload.jti, userId: payload.sub };
}
