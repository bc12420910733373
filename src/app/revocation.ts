import { systemDelay } from '../clock.ts';
import { createRedisMessageBus } from '../redis/message-bus.ts';
import { createAnnouncer } from '../revocation/announcer.ts';
import { createConfirmRevocation } from '../revocation/confirm.ts';
import { createReplica } from '../revocation/replica.ts';
import { createRevocationView } from '../revocation/view.ts';
import type { Ground } from './ground.ts';
import type { Stores } from './stores.ts';
import type { Tokens } from './tokens.ts';

/** The view of what is revoked, its lease, and the way to the other replicas. */
export async function startRevocation(
  { config, clock, opened, onProblem, primary }: Ground,
  { leaseAuth, redis, subscriber }: Stores,
  { keys }: Tokens,
) {
  const lease = config.REVOCATION_LEASE;
  const revocations = createRevocationView({ clock, tokenLifetime: config.ACCESS_TOKEN_LIFETIME });
  const replica = createReplica({
    auth: leaseAuth,
    view: revocations,
    clock,
    delay: systemDelay,
    lease,
    tokenLifetime: config.ACCESS_TOKEN_LIFETIME,
    onKeysChanged: keys.load,
    onProblem,
  });
  const bus =
    redis && subscriber ? createRedisMessageBus({ publisher: redis, subscriber, onProblem }) : (primary?.bus ?? null);
  const announcer = bus && createAnnouncer({ bus, replicaId: replica.id, learn: replica.learn, onProblem });
  const confirmRevocation = createConfirmRevocation({ replica, announcer, delay: systemDelay });
  await replica.start();
  opened.defer(() => replica.stop());
  announcer?.start();

  return { revocations, replica, confirmRevocation };
}

export type Revocation = Awaited<ReturnType<typeof startRevocation>>;
