import type { ComponentChildren } from 'preact';
import type { Failure } from '../calls/failure.ts';
import { useTexts } from '../page.ts';
import { textOfFailure } from '../texts/texts.ts';

/** What has gone wrong. The element is always there, so that what comes into it is read out. */
export function FailureNotice({ failure }: { readonly failure: Failure | null }) {
  const texts = useTexts();
  return (
    <div role="alert">
      {failure && (
        <p class="notice failure" tabIndex={-1}>
          {textOfFailure(texts, failure)}
        </p>
      )}
    </div>
  );
}

/** What has happened as it should. */
export function Result({ children }: { readonly children?: ComponentChildren }) {
  return (
    <div role="status">
      {children ? (
        <p class="notice success" tabIndex={-1}>
          {children}
        </p>
      ) : null}
    </div>
  );
}

/** What a person should know before he goes on. */
export function Hint({ children }: { readonly children: ComponentChildren }) {
  return <p class="notice hint">{children}</p>;
}
