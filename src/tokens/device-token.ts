import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { Clock } from '../clock.ts';

/**
 * Says that a device has logged in to an account. `dt1_` and the base64url of
 *
 *     device (16 bytes, random) | time of issue (4, seconds) | HMAC-SHA-256 of user id and all before it (32)
 *
 * It lets nobody in: whoever shows it has failed logins of his own counted, not those of strangers.
 */
export type DeviceTokens = {
  readonly issue: (userId: string) => string;
  /** The device; null for a token that is not for this user, or is older than a year. */
  readonly read: (text: string, userId: string) => string | null;
};

const PREFIX = 'dt1_';
const BODY_BYTES = 16 + 4;
const TOKEN_BYTES = BODY_BYTES + 32;
const LENGTH = PREFIX.length + Math.ceil((TOKEN_BYTES * 4) / 3);
const LIFETIME_SECONDS = 365 * 24 * 3600;

export function createDeviceTokens({ key, clock }: { key: Buffer; clock: Clock }): DeviceTokens {
  const macKey = createSecretKey(key);
  const mac = (userId: string, body: Buffer) => createHmac('sha256', macKey).update(userId).update(body).digest();
  const now = () => Math.floor(clock.now() / 1000);

  return {
    issue(userId) {
      const body = Buffer.alloc(BODY_BYTES);
      randomBytes(16).copy(body);
      body.writeUInt32BE(now(), 16);
      return PREFIX + Buffer.concat([body, mac(userId, body)]).toString('base64url');
    },
    read(text, userId) {
      if (text.length !== LENGTH || !text.startsWith(PREFIX)) return null;
      const bytes = Buffer.from(text.slice(PREFIX.length), 'base64url');
      if (bytes.length !== TOKEN_BYTES) return null;
      const body = bytes.subarray(0, BODY_BYTES);
      if (!timingSafeEqual(mac(userId, body), bytes.subarray(BODY_BYTES))) return null;
      return now() - body.readUInt32BE(16) <= LIFETIME_SECONDS ? body.toString('hex', 0, 16) : null;
    },
  };
}
