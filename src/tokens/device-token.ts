import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';
import { uuidBytes } from './uuid.ts';

/**
 * Says that a device has logged in to an account. `dt1_` and the base64url of
 *
 *     device (16 bytes, random, or the id of a session) | time of issue (4, seconds) | HMAC-SHA-256 of user id and all before it (32)
 *
 * It lets nobody in: whoever shows it has failed logins of his own counted, not those of strangers.
 */
export type DeviceTokens = {
  /** For a new device; with the session that it has begun, the same token each time, for a call that is repeated. */
  readonly issue: (userId: string, session?: { readonly sessionId: string; readonly issuedAt: Date }) => string;
  /** The device; null for a token that is not for this user, is older than a year, or is not younger than `since`. */
  readonly read: (text: string, userId: string, since?: Date | null) => string | null;
  /**
   * What a device keeps after it has logged in once more: its token, or a new one of the same device for one of more than 30
   * days, so that it is known for as long as it is used. A device that is not known gets its first.
   */
  readonly renew: (text: string, userId: string, since?: Date | null) => string;
};

const PREFIX = 'dt1_';
const BODY_BYTES = 16 + 4;
const TOKEN_BYTES = BODY_BYTES + 32;
const LENGTH = PREFIX.length + Math.ceil((TOKEN_BYTES * 4) / 3);
const DAY_SECONDS = 24 * 3600;
const LIFETIME_SECONDS = 365 * DAY_SECONDS;
const RENEWAL_SECONDS = 30 * DAY_SECONDS;

export function createDeviceTokens({ key, clock }: { key: Buffer; clock: Clock }): DeviceTokens {
  const macKey = createSecretKey(key);
  const mac = (userId: string, body: Buffer) => createHmac('sha256', macKey).update(userId).update(body).digest();
  const now = () => Math.floor(clock.now() / 1000);

  function make(userId: string, device: Buffer, issuedAt: number): string {
    const body = Buffer.alloc(BODY_BYTES);
    device.copy(body);
    body.writeUInt32BE(issuedAt, 16);
    return PREFIX + Buffer.concat([body, mac(userId, body)]).toString('base64url');
  }

  /** The device and the age of its token; null for a token that counts as none. */
  function open(
    text: string,
    userId: string,
    since: Date | null,
  ): { readonly device: Buffer; readonly age: number } | null {
    if (text.length !== LENGTH || !text.startsWith(PREFIX)) return null;
    const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
    if (bytes.length !== TOKEN_BYTES) return null;
    const body = bytes.subarray(0, BODY_BYTES);
    if (!timingSafeEqual(mac(userId, body), bytes.subarray(BODY_BYTES))) return null;
    const issuedAt = body.readUInt32BE(16);
    // Whole seconds: one of the very second of a change of the password may be from before it.
    if (since && issuedAt * 1000 <= since.getTime()) return null;
    const age = now() - issuedAt;
    return age <= LIFETIME_SECONDS ? { device: body.subarray(0, 16), age } : null;
  }

  return {
    issue(userId, session) {
      if (!session) return make(userId, randomBytes(16), now());
      return make(userId, uuidBytes(session.sessionId), Math.floor(session.issuedAt.getTime() / 1000));
    },
    read: (text, userId, since = null) => open(text, userId, since)?.device.toString('hex') ?? null,
    renew(text, userId, since = null) {
      const known = open(text, userId, since);
      if (known && known.age <= RENEWAL_SECONDS) return text;
      return make(userId, known?.device ?? randomBytes(16), now());
    },
  };
}
