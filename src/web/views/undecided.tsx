import { failureOf } from '../calls/failure.ts';
import { useAction } from '../calls/use-action.ts';
import { usePage, useTexts } from '../page.ts';
import { Button } from '../parts/button.tsx';
import { Heading } from '../parts/heading.tsx';
import { FailureNotice } from '../parts/notices.tsx';

/** Whether somebody is logged in could not be asked. He is not logged out by that: he tries again. */
export function Undecided({ error }: { readonly error: unknown }) {
  const { session } = usePage();
  const texts = useTexts();
  const action = useAction();
  const failure = failureOf(error);
  return (
    <section class="card narrow">
      <Heading text={failure.reason === null ? texts.failures.title : texts.failures.refusedTitle} />
      <FailureNotice failure={failure} />
      <div class="actions">
        <Button look="main" isPending={action.isPending} onClick={() => void action.run(session.start)}>
          {texts.tryAgain}
        </Button>
      </div>
    </section>
  );
}
