import type { MessageFunctions, MessageState, StoredMessage } from '../db/message-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListMessagesInput = {
  /** null: one that there is not. */
  readonly state: MessageState | null;
  /** 0: not said. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
};

export type ListedMessages = {
  readonly messages: readonly StoredMessage[];
  /** null: this was the last page. */
  readonly nextPageToken: string | null;
};

type Deps = {
  readonly messages: Pick<MessageFunctions, 'listMessages'>;
  readonly pageTokens: PageTokens;
};

const USUAL_PAGE = 50;
const LONGEST_PAGE = 100;

/** Lists messages for administrators. */
export function createListMessages({ messages, pageTokens }: Deps) {
  return async function listMessages({ state, pageSize, pageToken }: ListMessagesInput): Promise<ListedMessages> {
    const check = createFieldCheck();
    const known = check.accept('state', state, 'must be a state of messages');
    const list = `messages/${known}`;
    if (pageSize < 0 || pageSize > LONGEST_PAGE) check.refuse('page_size', `must be 1 to ${LONGEST_PAGE}, or left out`);
    const before = pageToken === '' ? null : pageTokens.read(list, pageToken);
    if (pageToken !== '' && before === null) check.refuse('page_token', 'must be the next_page_token of this list');
    check.throwIfAny();

    const limit = pageSize || USUAL_PAGE;
    // One more tells whether there is a next page.
    const found = await messages.listMessages({ state: known, before, limit: limit + 1 });
    const page = found.slice(0, limit);
    const last = found.length > limit ? page.at(-1) : undefined;
    return { messages: page, nextPageToken: last ? pageTokens.write(list, last.id) : null };
  };
}

export type ListMessages = ReturnType<typeof createListMessages>;
