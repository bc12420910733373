import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Link } from '../../parts/link.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';
import { nameOfRole } from '../../texts/texts.ts';
import { LoggedInAs } from './logged-in-as.tsx';

type Props = {
  readonly token: string;
  /** Empty: it was used before, so nobody is told any more. */
  readonly organisation: string;
  readonly roles: readonly string[];
};

export function AcceptInvitation({ token, organisation, roles }: Props) {
  const { calls, session, router } = usePage();
  const texts = useTexts();
  const action = useAction();
  async function accept(): Promise<void> {
    const go = router.fromHere();
    const isAccepted = await action.run(async () => {
      await calls.organisations.acceptInvitation({ token });
      // The roles stand in the access token. Where there is no other yet, they come with the next.
      await session
        .accessToken()
        .then(session.replace)
        .catch(() => undefined);
    });
    if (isAccepted) go('/account', { section: 'roles' });
  }
  return (
    <section class="card narrow">
      <Heading text={texts.invitation.title} />
      {organisation !== '' && <Hint>{texts.invitation.to(organisation)}</Hint>}
      {roles.length > 0 && <p>{texts.invitation.roles(roles.map((role) => nameOfRole(texts, role)).join(', '))}</p>}
      <LoggedInAs />
      <FailureNotice failure={action.failure} />
      <div class="actions">
        <Button look="main" isPending={action.isPending} onClick={() => void accept()}>
          {texts.invitation.accept}
        </Button>
        <Link to="/account">{texts.invitation.later}</Link>
      </div>
    </section>
  );
}
