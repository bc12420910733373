import type { CallFunction } from './call-function.ts';

/** What narrows a list of the audit; null: nothing does. */
export type AuditFilter = {
  readonly actorId: string | null;
  readonly userId: string | null;
  readonly organisationId: string | null;
  readonly action: string | null;
  readonly start: Date | null;
  readonly end: Date | null;
};

/** Something that was done, or refused. */
export type AuditEvent = {
  readonly id: string;
  readonly occurredAt: Date;
  readonly action: string;
  readonly actorId: string;
  readonly userId: string | null;
  readonly organisationId: string | null;
  readonly sessionId: string | null;
  readonly data: Readonly<Record<string, unknown>>;
};

export type AuditPage = {
  readonly events: readonly AuditEvent[];
  /** Where the next page begins; null: this was the last one. */
  readonly nextBefore: string | null;
};

export type AuditFunctions = ReturnType<typeof createAuditFunctions>;

/** The audit. What each function does is said in sql/functions/auth. */
export function createAuditFunctions(call: CallFunction) {
  return {
    /** The latest first. */
    async listAuditEvents(
      reader: string,
      filter: AuditFilter,
      page: {
        /** The nextBefore of the page before; null: the first page. */
        before: string | null;
        limit: number;
      },
    ): Promise<AuditPage> {
      const rows = await call<{
        next_before: string | null;
        id: string | null;
        occurred_at: Date;
        action: string;
        actor_id: string;
        user_id: string | null;
        organisation_id: string | null;
        session_id: string | null;
        data: Record<string, unknown>;
      }>('auth.list_audit_events', [
        reader,
        ...[filter.actorId, filter.userId, filter.organisationId, filter.action, filter.start, filter.end],
        ...[page.before, page.limit],
      ]);
      return {
        nextBefore: rows[0]?.next_before ?? null,
        // A page that holds nothing is one row without an entry.
        events: rows.flatMap(({ id, occurred_at, actor_id, user_id, organisation_id, session_id, action, data }) =>
          id === null
            ? []
            : [
                {
                  ...{ id, action, data, actorId: actor_id, occurredAt: occurred_at, userId: user_id },
                  ...{ organisationId: organisation_id, sessionId: session_id },
                },
              ],
        ),
      };
    },
  };
}
