// Control characters, and what an undecodable byte or half a character has become: protobuf turns invalid UTF-8 into U+FFFD
// without a word.
const UNCLEAN = /[\p{Cc}\p{Cs}\uFFFD]/u;
const UNCLEAN_IN_JSON = /[\0\p{Cs}\uFFFD]/u;

/** A text of the given length in characters without control or broken ones, or null. */
export function cleanText(text: string, shortest: number, longest: number): string | null {
  // The length in code units is never the smaller one, and it is known without a look at the text.
  if (text.length > longest * 2 || UNCLEAN.test(text)) return null;
  const length = [...text].length;
  return length >= shortest && length <= longest ? text : null;
}

/** Whether free JSON is small, shallow and of values that PostgreSQL's jsonb can hold. */
export function isCleanJson(value: unknown, deepest: number): boolean {
  if (typeof value === 'string') return !UNCLEAN_IN_JSON.test(value);
  if (typeof value === 'number') return Number.isFinite(value);
  if (typeof value !== 'object' || value === null) return true;
  if (deepest === 0) return false;
  return Object.entries(value).every(([key, part]) => !UNCLEAN_IN_JSON.test(key) && isCleanJson(part, deepest - 1));
}
