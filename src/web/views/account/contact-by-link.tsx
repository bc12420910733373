import { useEffect, useState } from 'preact/hooks';
import { useLoaded } from '../../calls/use-action.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Heading } from '../../parts/heading.tsx';
import { Link } from '../../parts/link.tsx';
import { FailureNotice, Result } from '../../parts/notices.tsx';
import { Waiting } from '../../parts/waiting.tsx';
import { LogIn } from '../login/login.tsx';

/** The link of a mail that confirms an address: it works for the person who has asked for it, and for nobody else. */
export function ContactByLink({ token }: { readonly token: string }) {
  const { session, router } = usePage();
  const { contacts, links } = useTexts();
  const state = useStore(session.state);
  const [isUsed, setUsed] = useState(false);
  const isLoggedIn = state.status === 'logged-in';
  useEffect(() => {
    // Whoever logs in again has nothing to confirm any more.
    if (isUsed && !isLoggedIn) router.go('/login', { replace: true });
  }, [isUsed, isLoggedIn]);
  if (isLoggedIn) return <Confirmation token={token} onDone={() => setUsed(true)} />;
  return <LogIn notice={token === '' ? links.incomplete : contacts.loginFirst} />;
}

function Confirmation({ token, onDone }: { readonly token: string; readonly onDone: () => void }) {
  const { calls } = usePage();
  const { contacts } = useTexts();
  const { value: contact, failure } = useLoaded(async () => {
    const proof = { case: 'token', value: token } as const;
    const answer = await calls.accounts.finishContactConfirmation({ proof });
    onDone();
    return answer.contact;
  });
  return (
    <section class="card narrow">
      <Heading text={contacts.confirmTitle} />
      {!contact && !failure && <Waiting />}
      <FailureNotice failure={failure} />
      <Result>{contact && contacts.isConfirmedNow(contact.value)}</Result>
      <p>
        <Link to="/account" section="contacts">
          {contacts.toContacts}
        </Link>
      </p>
    </section>
  );
}
