import { createHmac, createSecretKey, hash, randomBytes, timingSafeEqual } from 'node:crypto';
import { uuidBytes, uuidText } from './uuid.ts';

/**
 * A refresh token is `rt1_` and the base64url of
 *
 *     session id (16 bytes) | generation (4) | salt (16) | HMAC-SHA-256 of all before it (32)
 *
 * The salt is random per session, is carried by the tokens alone and stays the same over the session. So the successor of a
 * token follows from the token and our key: a Refresh can answer the same successor twice without storing anything usable,
 * an old token proves that it was once issued without being stored, and neither our key nor the database alone is enough
 * to make a token.
 */
export type RefreshToken = {
  readonly sessionId: string;
  readonly generation: number;
  readonly salt: Buffer;
  readonly text: string;
};

export type RefreshTokens = {
  /** The first token of a session. The same `seed` gives the same token again. */
  readonly first: (sessionId: string, seed?: string) => RefreshToken;
  /** null for anything that this service has not issued. */
  readonly parse: (text: string) => RefreshToken | null;
  readonly successor: (token: RefreshToken) => RefreshToken;
};

const PREFIX = 'rt1_';
const BODY_BYTES = 16 + 4 + 16;
const TOKEN_BYTES = BODY_BYTES + 32;
/** `rt1_` and 68 bytes in base64url. */
export const REFRESH_TOKEN_LENGTH = PREFIX.length + Math.ceil((TOKEN_BYTES * 4) / 3);

export function createRefreshTokens(keys: { token: Buffer; salt: Buffer }): RefreshTokens {
  // A key object is prepared once; a buffer would be in every call, at five times the price.
  const tokenKey = createSecretKey(keys.token);
  const mac = (body: Buffer) => createHmac('sha256', tokenKey).update(body).digest();

  function build(sessionId: string, generation: number, salt: Buffer): RefreshToken {
    const body = Buffer.alloc(BODY_BYTES);
    uuidBytes(sessionId).copy(body);
    body.writeUInt32BE(generation, 16);
    salt.copy(body, 20);
    return { sessionId, generation, salt, text: PREFIX + Buffer.concat([body, mac(body)]).toString('base64url') };
  }

  function read(text: string): RefreshToken | null {
    if (text.length !== REFRESH_TOKEN_LENGTH || !text.startsWith(PREFIX)) return null;
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    if (bytes.length !== TOKEN_BYTES || PREFIX + bytes.toString('base64url') !== text) return null;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(mac(body), bytes.subarray(BODY_BYTES))) return null;
    const sessionId = uuidText(body.subarray(0, 16));
    return { sessionId, generation: body.readUInt32BE(16), salt: body.subarray(20), text };
  }

  return {
    first(sessionId, seed) {
      const salt =
        seed === undefined
          ? randomBytes(16)
          : createHmac('sha256', keys.salt).update(`${sessionId}/${seed}`).digest().subarray(0, 16);
      return build(sessionId, 1, salt);
    },
    parse: read,
    successor: ({ sessionId, generation, salt }) => build(sessionId, generation + 1, salt),
  };
}

/** What the database stores of a token: its SHA-256 in hex. The token has 256 bits of its own, so no salt is needed. */
export function hashRefreshToken(token: RefreshToken): string {
  return hash('sha256', token.text);
}
