import { useState } from 'preact/hooks';
import { useLoaded } from '../../calls/use-action.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { Heading } from '../../parts/heading.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { LogIn } from '../login/login.tsx';
import { AcceptInvitation } from './accept-invitation.tsx';
import { FinishRegistration } from './finish-registration.tsx';

/** The link of an invitation: whoever has an account accepts it with that, anybody else opens one. */
export function Invitation({ token }: { readonly token: string }) {
  const { calls, session } = usePage();
  const { invitation } = useTexts();
  const state = useStore(session.state);
  const { value: checked, failure } = useLoaded(() => calls.registration.checkRegistration({ token }));
  const [hasAccount, setHasAccount] = useState(false);
  // Its contact has an account, so that it can only be accepted.
  const isForAccount = failure?.reason === 'VERIFY_USER_ALREADY_VERIFIED';

  if (!checked && !failure) return <Waiting />;
  if (state.status === 'logged-in' && (checked || isForAccount)) {
    const { organisation_name: organisation = '', roles = '' } = failure?.metadata ?? {};
    return (
      <AcceptInvitation
        token={token}
        organisation={checked?.organisationName ?? organisation}
        roles={checked?.roles ?? roles.split(',').filter(Boolean)}
      />
    );
  }
  if (hasAccount || isForAccount) return <LogIn notice={invitation.loginFirst} />;
  return (
    <section class="card narrow">
      <Heading text={invitation.title} />
      {checked && (
        <>
          <Hint>{invitation.to(checked.organisationName)}</Hint>
          <FinishRegistration token={token} isByPhone={checked.phone !== ''} />
          <nav class="other-ways" aria-label={invitation.otherWays}>
            <Button look="link" onClick={() => setHasAccount(true)}>
              {invitation.hasAccount}
            </Button>
          </nav>
        </>
      )}
      <FailureNotice failure={failure} />
    </section>
  );
}
