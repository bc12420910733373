import type { Loaded } from '../calls/use-action.ts';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './notices.tsx';
import { Waiting } from './waiting.tsx';

/** What stands in the place of something that is not there yet: that it is awaited, or why it does not come. */
export function Loading({ loaded }: { readonly loaded: Loaded<unknown> }) {
  const texts = useTexts();
  const { value, failure, reload } = loaded;
  return (
    <>
      {value === null && failure === null && <Waiting />}
      <FailureNotice failure={failure} />
      {failure && (
        <div class="actions">
          <Button onClick={() => void reload()}>{texts.tryAgain}</Button>
        </div>
      )}
    </>
  );
}
