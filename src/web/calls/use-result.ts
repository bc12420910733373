import { useState } from 'preact/hooks';
import { useTexts } from '../page.ts';
import type { Texts } from '../texts/texts.ts';

/** What has happened, in the words of a language. */
export type Result = (texts: Texts) => string;

/** What a person has just done, told in the language that the page has now: it may be another one a moment later. */
export function useResult() {
  const texts = useTexts();
  const [result, setResult] = useState<Result | null>(null);
  return {
    text: result?.(texts) ?? '',
    // A function given to a setter would be called by it.
    tell: (told: Result) => setResult(() => told),
    forget: () => setResult(null),
  };
}
