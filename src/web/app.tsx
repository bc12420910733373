import { useEffect, useRef } from 'preact/hooks';
import { usePage, useStore, useTexts } from './page.ts';
import { PageHeader } from './parts/page-header.tsx';
import { Waiting } from './parts/waiting.tsx';
import type { Route } from './routing.ts';
import { personOf } from './session/session.ts';
import type { SessionState } from './session/session.ts';
import { Account } from './views/account/account.tsx';
import { ContactByLink } from './views/account/contact-by-link.tsx';
import { LoginDialog } from './views/login/login-dialog.tsx';
import { LogIn } from './views/login/login.tsx';
import { ResetByLink } from './views/login/reset-by-link.tsx';
import { Invitation } from './views/register/invitation.tsx';
import { LinkOfRegistration } from './views/register/link-of-registration.tsx';
import { Register } from './views/register/register.tsx';
import { Support } from './views/support/support.tsx';
import { Nowhere } from './views/nowhere.tsx';
import { Undecided } from './views/undecided.tsx';

export function App() {
  const { router, session } = usePage();
  const texts = useTexts();
  const route = useStore(router.route);
  const state = useStore(session.state);
  const content = useRef<HTMLElement>(null);
  const elsewhere = placeFor(route, state);
  useEffect(() => {
    if (elsewhere) router.go(elsewhere, { replace: true });
  }, [elsewhere]);

  return (
    <>
      <button type="button" class="skip" onClick={() => content.current?.focus()}>
        {texts.skip}
      </button>
      <PageHeader />
      <main ref={content} tabIndex={-1}>
        {elsewhere ? <Waiting /> : <View key={route.path} route={route} state={state} />}
      </main>
      {state.status === 'logged-in' && <LoginDialog />}
    </>
  );
}

/** Who is logged in has no business at the door. */
function placeFor({ path, token }: Route, { status }: SessionState): '/login' | '/account' | null {
  if (path === null) return null;
  const isInside = path === '/account' || path === '/support';
  // A link brings its token along; whoever comes there without one has reloaded the page.
  if (status === 'logged-in') return isInside || token !== '' ? null : '/account';
  if (status === 'logged-out') return path === '/' ? '/login' : null;
  return null;
}

/** What belongs to a person is drawn anew for the next one. */
function View({ route: { path, section, token }, state }: { readonly route: Route; readonly state: SessionState }) {
  const { failures, links, login } = useTexts();
  if (state.status === 'starting') return <Waiting />;
  if (state.status === 'undecided') return <Undecided error={state.error} />;
  const because = state.status === 'logged-out' ? state.because : null;
  const reasons: Readonly<Record<string, string>> = failures.reasons;
  const farewell = section === 'closed' ? login.accountWasClosed : '';
  const door = <LogIn notice={because ? (reasons[because] ?? '') : farewell} />;
  const person = personOf(state);
  switch (path) {
    case null:
      return <Nowhere />;
    case '/':
    case '/login':
      return door;
    case '/register':
      return <Register />;
    case '/account':
      // Whoever logs in there is where he wanted to be.
      return person === null ? door : <Account key={person} />;
    case '/support':
      return person === null ? door : <Support key={person} />;
    case '/registration':
      return token === '' ? <LogIn notice={links.incomplete} /> : <LinkOfRegistration key={token} token={token} />;
    case '/invitation':
      return token === '' ? <LogIn notice={links.incomplete} /> : <Invitation key={token} token={token} />;
    case '/contact-confirmation':
      return <ContactByLink key={token} token={token} />;
    case '/password-reset':
      return <ResetByLink key={token} token={token} />;
  }
}
