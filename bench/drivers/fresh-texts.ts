/**
 * The same texts as new strings each time, as they come from a network. A string that was used before knows its hash, and
 * one that is the same object is compared at a glance: with such a look-up seems five times as fast.
 */
export function createFreshTexts(texts: readonly string[]): (index: number) => string {
  const bytes = Buffer.from(texts.join(''), 'latin1');
  const starts = [0];
  for (const text of texts) starts.push((starts.at(-1) ?? 0) + text.length);
  return (index) => bytes.toString('latin1', starts[index % texts.length], starts[(index % texts.length) + 1]);
}
