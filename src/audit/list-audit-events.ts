import type { SignedInCaller } from '../caller.ts';
import type { AuditEvent, AuditFilter, AuditFunctions } from '../db/audit-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import type { PageTokens } from '../tokens/page-token.ts';
import { isUuid } from '../tokens/uuid.ts';

type ListAuditEventsInput = {
  /** Empty: any, of each of these. */
  readonly actorId: string;
  readonly userId: string;
  readonly organisationId: string;
  readonly action: string;
  /** null: from the beginning on, and until now. */
  readonly startTime: Date | null;
  readonly endTime: Date | null;
  /** 0: not said. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
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

const USUAL_PAGE = 50;
const LONGEST_PAGE = 100;
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
    const { pageSize, pageToken } = input;
    const check = createFieldCheck();
    const filter = readFilter(check, input);
    const list = `audit/${JSON.stringify([filter.actorId, filter.userId, filter.organisationId, filter.action, filter.start, filter.end])}`;
    if (pageSize < 0 || pageSize > LONGEST_PAGE) check.refuse('page_size', `must be 1 to ${LONGEST_PAGE}, or left out`);
    const before = pageToken === '' ? null : pageTokens.read(list, pageToken);
    if (pageToken !== '' && before === null) check.refuse('page_token', 'must be the next_page_token of this list');
    check.throwIfAny();

    const page = await audit.listAuditEvents(user.userId, filter, { before, limit: pageSize || USUAL_PAGE });
    const { events, nextBefore } = page;
    return { events, nextPageToken: nextBefore === null ? null : pageTokens.write(list, nextBefore) };
  };
}

export type ListAuditEvents = ReturnType<typeof createListAuditEvents>;

function readFilter(check: FieldCheck, input: ListAuditEventsInput): AuditFilter {
  const { action, startTime: start, endTime: end } = input;
  const id = (field: string, text: string) => {
    if (text !== '' && !isUuid(text)) check.refuse(field, 'must be a UUID, or left out');
    return text.toLowerCase() || null;
  };
  const filter = {
    actorId: id('actor_id', input.actorId),
    userId: id('user_id', input.userId),
    organisationId: id('organisation_id', input.organisationId),
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
