import type { SignedInCaller } from '../caller.ts';
import type { AuditEvent, AuditFilter, AuditFunctions } from '../db/audit-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { readOptionalId } from '../fields/ids.ts';
import { readPage } from '../fields/page.ts';
import type { PageInput } from '../fields/page.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListAuditEventsInput = PageInput & {
  /** Empty: any, of each of these. */
  readonly actorId: string;
  readonly userId: string;
  readonly organisationId: string;
  readonly action: string;
  /** null: from the beginning on, and until now. */
  readonly startTime: Date | null;
  readonly endTime: Date | null;
};

export type ListedAuditEvents = {
  readonly events: readonly AuditEvent[];
  /** null: this was the last page. */
  readonly nextPageToken: string | null;
};

type Deps = {
  readonly audit: Pick<AuditFunctions, 'listAuditEvents'>;
  readonly pageTokens: PageTokens;
};

const ACTION = /^[a-z_]+(\.[a-z_]+)+$/;
const LONGEST_ACTION = 100;
/** The times of the service, with room: what PostgreSQL and ids cannot hold is none. */
const [EARLIEST, LATEST] = [Date.UTC(1970, 0, 1), Date.UTC(9999, 11, 31)];

/** Lists the audit for administrators. That it was looked at is not in it. */
export function createListAuditEvents({ audit, pageTokens }: Deps) {
  return async function listAuditEvents(
    input: ListAuditEventsInput,
    { user }: SignedInCaller,
  ): Promise<ListedAuditEvents> {
    const check = createFieldCheck();
    const filter = readFilter(check, input);
    const list = `audit/${JSON.stringify([filter.actorId, filter.userId, filter.organisationId, filter.action, filter.start, filter.end])}`;
    const { before, limit } = readPage(check, pageTokens, list, input);
    check.throwIfAny();

    const page = await audit.listAuditEvents(user.userId, filter, { before, limit });
    const { events, nextBefore } = page;
    return { events, nextPageToken: nextBefore === null ? null : pageTokens.write(list, nextBefore) };
  };
}

export type ListAuditEvents = ReturnType<typeof createListAuditEvents>;

function readFilter(check: FieldCheck, input: ListAuditEventsInput): AuditFilter {
  const { action, startTime: start, endTime: end } = input;
  const filter = {
    actorId: readOptionalId(check, 'actor_id', input.actorId),
    userId: readOptionalId(check, 'user_id', input.userId),
    organisationId: readOptionalId(check, 'organisation_id', input.organisationId),
    action: action || null,
    start,
    end,
  };
  if (action !== '' && (action.length > LONGEST_ACTION || !ACTION.test(action))) {
    check.refuse('action', 'must be an action, such as role.granted, or left out');
  }
  for (const [field, time] of [['start_time', start] as const, ['end_time', end] as const]) {
    if (time !== null && !(time.getTime() >= EARLIEST && time.getTime() <= LATEST)) {
      check.refuse(field, 'must be in the years 1970 to 9999, or left out');
    }
  }
  if (filter.start && filter.end && filter.end <= filter.start) check.refuse('end_time', 'must be after start_time');
  return filter;
}
