import type { MessageFunctions, MessageState, StoredMessage } from '../db/message-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import { cutPage, readPage } from '../fields/page.ts';
import type { PageInput } from '../fields/page.ts';
import type { PageTokens } from '../tokens/page-token.ts';

type ListMessagesInput = PageInput & {
  /** null: one that there is not. */
  readonly state: MessageState | null;
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

/** Lists messages for administrators. */
export function createListMessages({ messages, pageTokens }: Deps) {
  return async function listMessages(input: ListMessagesInput): Promise<ListedMessages> {
    const check = createFieldCheck();
    const known = check.accept('state', input.state, 'must be a state of messages');
    const list = `messages/${known}`;
    const page = readPage(check, pageTokens, list, input);
    check.throwIfAny();

    const found = await messages.listMessages({ state: known, before: page.before, limit: page.limit + 1 });
    const { rows, nextPageToken } = cutPage(pageTokens, page, found, ({ id }) => id);
    return { messages: rows, nextPageToken };
  };
}

export type ListMessages = ReturnType<typeof createListMessages>;
