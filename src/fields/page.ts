import type { FieldCheck } from '../errors/field-check.ts';
import type { PageTokens } from '../tokens/page-token.ts';

/** What a request says of the page that it wants. */
export type PageInput = {
  /** 0: not said. */
  readonly pageSize: number;
  /** Empty: the first page. */
  readonly pageToken: string;
};

type WantedPage = { readonly list: string; readonly before: string | null; readonly limit: number };

const USUAL_PAGE = 50;
const LONGEST_PAGE = 100;
export const TOKEN_FORM = 'must be the next_page_token of this list';

/** Notes what is wrong with the page of a list; the result may be used after `throwIfAny`. */
export function readPage(check: FieldCheck, pageTokens: PageTokens, list: string, input: PageInput): WantedPage {
  const { pageSize, pageToken } = input;
  if (pageSize < 0 || pageSize > LONGEST_PAGE) check.refuse('page_size', `must be 1 to ${LONGEST_PAGE}, or left out`);
  const before = pageToken === '' ? null : pageTokens.read(list, pageToken);
  if (pageToken !== '' && before === null) check.refuse('page_token', TOKEN_FORM);
  return { list, before, limit: pageSize || USUAL_PAGE };
}

/** The page, of what was found with a limit of one more, which tells whether there is a next one. */
export function cutPage<Row>(
  pageTokens: PageTokens,
  { list, limit }: WantedPage,
  found: readonly Row[],
  idOf: (row: Row) => string,
): { readonly rows: readonly Row[]; readonly nextPageToken: string | null } {
  const rows = found.slice(0, limit);
  const last = found.length > limit ? rows.at(-1) : undefined;
  return { rows, nextPageToken: last ? pageTokens.write(list, idOf(last)) : null };
}
