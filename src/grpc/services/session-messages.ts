import type { Session } from '../../gen/auth/v1/session.ts';
import type { DescribedSession } from '../../sessions/describe-session.ts';

/** A session as auth.v1.Session. */
export function toSession(session: DescribedSession, isCurrent: boolean): Session {
  return {
    sessionId: session.id,
    deviceName: session.deviceName,
    userAgent: session.userAgent ?? '',
    ipAddress: session.ip ?? '',
    location: session.location ?? undefined,
    interface: session.interface ?? '',
    createTime: session.createdAt,
    lastActivityTime: session.lastUsedAt,
    expireTime: session.expiresAt,
    current: isCurrent,
  };
}
