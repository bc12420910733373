import { useLoaded } from '../../calls/use-action.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Heading } from '../../parts/heading.tsx';
import { Link } from '../../parts/link.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { FinishRegistration } from './finish-registration.tsx';
import { LoggedInAs } from './logged-in-as.tsx';

/** The link of a registration mail. */
export function LinkOfRegistration({ token }: { readonly token: string }) {
  const { calls, session } = usePage();
  const { status } = useStore(session.state);
  const { register, links } = useTexts();
  const { value: checked, failure } = useLoaded(() => calls.registration.checkRegistration({ token }));
  if (!checked && !failure) return <Waiting />;
  return (
    <section class="card narrow">
      <Heading text={register.finishTitle} />
      {checked && (
        <>
          <Hint>{register.finishHint(checked.email || checked.phone)}</Hint>
          {status === 'logged-in' && <LoggedInAs />}
          <FinishRegistration token={token} isByPhone={checked.phone !== ''} />
        </>
      )}
      <FailureNotice failure={failure} />
      {failure && (
        <nav class="other-ways" aria-label={register.otherWays}>
          <Link to="/register">{links.registerAgain}</Link>
          <Link to="/login">{register.login}</Link>
        </nav>
      )}
    </section>
  );
}
