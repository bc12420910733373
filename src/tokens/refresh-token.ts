import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { uuidBytes, uuidText } from './uuid.ts';

/**
 * A refresh token is `rt1_` and the base64url of
 *
 *     session id (16 bytes) | generation (4) | salt (16) | HMAC-SHA-256 of all before it (32)
 *
 * or, bound to a key of the client, `rt2_` and the base64url of
 *
 *     session id (16 bytes) | generation (4) | salt (16) | thumbprint of the key (32) | HMAC-SHA-256 of all before it (32)
 *
 * The salt is random per session, is carried by the tokens alone and stays the same over the session, as does the thumbprint. So
 * the successor of a token follows from the token and our key: a Refresh can answer the same successor twice without storing
 * anything usable, an old token proves that it was once issued without being stored, and neither our key nor the database alone
 * is enough to make a token.
 */
export type RefreshToken = {
  readonly sessionId: string;
  readonly generation: number;
  readonly salt: Buffer;
  /** The SHA-256 thumbprint (RFC 7638) of the key that the token is bound to; null: whoever has the token may use it. */
  readonly clientKey: string | null;
  readonly text: string;
};

export type RefreshTokens = {
  /** The first token of a session. The same `seed` and key give the same token again. */
  readonly first: (sessionId: string, seed?: string, clientKey?: string | null) => RefreshToken;
  /** null for anything that this service has not issued. */
  readonly parse: (text: string) => RefreshToken | null;
  /** Bound to the same key. */
  readonly successor: (token: RefreshToken) => RefreshToken;
  /** The token of another generation of the same session. */
  readonly ofGeneration: (token: RefreshToken, generation: number) => RefreshToken;
};

const PREFIX_BYTES = 4;
const KEY_AT = 16 + 4 + 16;
const KEY_BYTES = 32;
const MAC_BYTES = 32;

/** Without a key, and with one. The lengths differ, so no body of one form is one of the other under the same MAC. */
const FORMS = [
  { prefix: 'rt1_', bodyBytes: KEY_AT },
  { prefix: 'rt2_', bodyBytes: KEY_AT + KEY_BYTES },
] as const;

export function createRefreshTokens(keys: { token: Buffer; salt: Buffer }): RefreshTokens {
  // A key object is prepared once; a buffer would be in every call, at five times the price.
  const tokenKey = createSecretKey(keys.token);
  const mac = (body: Buffer) => createHmac('sha256', tokenKey).update(body).digest();

  function build(token: Omit<RefreshToken, 'text'>): RefreshToken {
    const { prefix, bodyBytes } = FORMS[token.clientKey === null ? 0 : 1];
    const body = Buffer.alloc(bodyBytes);
    uuidBytes(token.sessionId).copy(body);
    body.writeUInt32BE(token.generation, 16);
    token.salt.copy(body, 20);
    if (token.clientKey !== null) Buffer.from(token.clientKey, 'base64url').copy(body, KEY_AT);
    return { ...token, text: prefix + Buffer.concat([body, mac(body)]).toString('base64url') };
  }

  function read(text: string): RefreshToken | null {
    const form = FORMS.find(({ prefix }) => text.startsWith(prefix));
    if (!form || text.length !== lengthOf(form)) return null;
    const bytes = Buffer.from(text.slice(PREFIX_BYTES), 'base64url');
    if (form.prefix + bytes.toString('base64url') !== text) return null;
    const body = bytes.subarray(0, form.bodyBytes);
    if (!timingSafeEqual(mac(body), bytes.subarray(form.bodyBytes))) return null;
    return {
      sessionId: uuidText(body.subarray(0, 16)),
      generation: body.readUInt32BE(16),
      salt: body.subarray(20, KEY_AT),
      clientKey: form.bodyBytes === KEY_AT ? null : body.subarray(KEY_AT).toString('base64url'),
      text,
    };
  }

  return {
    first(sessionId, seed, clientKey = null) {
      const salt =
        seed === undefined
          ? randomBytes(16)
          : createHmac('sha256', keys.salt).update(`${sessionId}/${seed}`).digest().subarray(0, 16);
      return build({ sessionId, generation: 1, salt, clientKey });
    },
    parse: read,
    successor: (token) => build({ ...token, generation: token.generation + 1 }),
    ofGeneration: (token, generation) => build({ ...token, generation }),
  };
}

/**
 * The session that a bound token names, for where nothing depends on whether we have issued it; null: it has not the form of
 * a bound token.
 */
export function sessionNamedBy(text: string): string | null {
  const [, bound] = FORMS;
  if (!text.startsWith(bound.prefix) || text.length !== lengthOf(bound)) return null;
  return uuidText(Buffer.from(text.slice(PREFIX_BYTES), 'base64url').subarray(0, 16));
}

/** In characters of base64url. */
function lengthOf({ bodyBytes }: (typeof FORMS)[number]): number {
  return PREFIX_BYTES + Math.ceil(((bodyBytes + MAC_BYTES) * 4) / 3);
}

/** What the database stores of a token: its SHA-256 in hex. The token has 256 bits of its own, so no salt is needed. */
export function hashRefreshToken(token: RefreshToken): string {
  return hash('sha256', token.text);
}
