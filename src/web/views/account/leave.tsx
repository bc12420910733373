import { useState } from 'preact/hooks';
import { LogoutScope } from '../../../gen/web/auth/v1/auth_service_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { useLogOut } from '../../calls/use-log-out.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { FailureNotice } from '../../parts/notices.tsx';

/** Ways out: for now, everywhere, for good. */
export function Leave() {
  const { calls, session, router } = usePage();
  const { leave: texts } = useTexts();
  const { action, logOut } = useLogOut();
  const closing = useAction();
  const [isAsking, setAsking] = useState(false);

  async function close(): Promise<void> {
    if (!(await closing.run(() => calls.accounts.deactivateAccount({})))) return;
    session.end();
    router.go('/login', { section: 'closed' });
  }
  return (
    <>
      <Heading text={texts.title} />
      <FailureNotice failure={action.failure} />
      <h2>{texts.logOutTitle}</h2>
      <p>{texts.logOutHint}</p>
      <div class="actions">
        <Button isPending={action.isPending} onClick={() => logOut(LogoutScope.THIS_SESSION)}>
          {texts.here}
        </Button>
        <Button isPending={action.isPending} onClick={() => logOut(LogoutScope.ALL_SESSIONS)}>
          {texts.everywhere}
        </Button>
      </div>
      <h2>{texts.closeTitle}</h2>
      <p>{texts.closeHint}</p>
      <div class="actions">
        <Button look="danger" onClick={() => setAsking(true)}>
          {texts.close}
        </Button>
      </div>
      {isAsking && (
        <ConfirmDialog
          title={texts.closeQuestion}
          action={closing}
          confirm={texts.closeForGood}
          onConfirm={() => void close()}
          onClose={() => setAsking(false)}
        >
          <p>{texts.closeHint}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
