import type { StoredSession } from '../db/session-functions.ts';
import { deviceName } from './device-name.ts';
import type { Locate } from './locate.ts';
import type { Location } from './location.ts';

/** A session as people are shown it. */
export type DescribedSession = StoredSession & {
  /** Empty: it cannot be told. */
  readonly deviceName: string;
  readonly location: Location | null;
};

/** Adds what can be read from the user agent and from the address: at the time of asking, by what is known then. */
export function createDescribeSession({ locate }: { readonly locate: Locate }) {
  return function describeSession(session: StoredSession): DescribedSession {
    return {
      ...session,
      deviceName: deviceName(session.userAgent ?? ''),
      location: session.ip === null ? null : locate(session.ip),
    };
  };
}

export type DescribeSession = ReturnType<typeof createDescribeSession>;
