import type { ServiceImplementation } from 'nice-grpc';
import type { ListAuditEvents, ListedAuditEvents } from '../../audit/list-audit-events.ts';
import type { AuditServiceDefinition } from '../../gen/auth/v1/audit_service.ts';
import type { WithCaller } from '../middleware/authorize.ts';
import { signedIn } from '../signed-in.ts';

type Deps = { readonly listAuditEvents: ListAuditEvents };

/** auth.v1.AuditService: messages to inputs, results to messages. */
export function createAuditService({
  listAuditEvents,
}: Deps): ServiceImplementation<AuditServiceDefinition, WithCaller> {
  return {
    async listAuditEvents({ startTime, endTime, ...request }, { caller }) {
      const { events, nextPageToken } = await listAuditEvents(
        { ...request, startTime: startTime ?? null, endTime: endTime ?? null },
        signedIn(caller),
      );
      return { events: events.map(toAuditEvent), nextPageToken: nextPageToken ?? '' };
    },
  };
}

function toAuditEvent(event: ListedAuditEvents['events'][number]) {
  const { id, occurredAt, action, actorId, userId, organisationId, sessionId, data } = event;
  return {
    eventId: id,
    occurTime: occurredAt,
    action,
    actorId,
    userId: userId ?? '',
    organisationId: organisationId ?? '',
    sessionId: sessionId ?? '',
    data,
  };
}
