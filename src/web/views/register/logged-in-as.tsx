import { LogoutScope } from '../../../gen/web/auth/v1/auth_service_pb.js';
import { useLoaded } from '../../calls/use-action.ts';
import { useLogOut } from '../../calls/use-log-out.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';

/** Who opens a link is told as whom he is logged in: it may have been sent to another account of his. */
export function LoggedInAs() {
  const { calls } = usePage();
  const { links } = useTexts();
  const { value } = useLoaded(() => calls.accounts.listContacts({}));
  const { action, logOut } = useLogOut();
  const own = value?.contacts.find(({ primary }) => primary) ?? value?.contacts[0];
  if (!own) return null;
  return (
    <>
      <Hint>{links.loggedInAs(own.value)}</Hint>
      <div class="actions">
        <Button look="link" isPending={action.isPending} onClick={() => logOut(LogoutScope.THIS_SESSION, 'stay')}>
          {links.useAnother}
        </Button>
      </div>
      <FailureNotice failure={action.failure} />
    </>
  );
}
