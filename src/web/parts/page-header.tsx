import { useEffect } from 'preact/hooks';
import { LogoutScope } from '../../gen/web/auth/v1/auth_service_pb.js';
import { useLogOut } from '../calls/use-log-out.ts';
import { usePage, useStore, useTexts } from '../page.ts';
import { THEMES } from '../preferences.ts';
import { LANGUAGES } from '../texts/languages.ts';
import { Button } from './button.tsx';
import { Link } from './link.tsx';
import { FailureNotice } from './notices.tsx';
import { Chooser } from './select.tsx';

/** Roles whose holders are offered the view of support. Whether they may do anything there the service decides. */
const STAFF = ['support', 'manager', 'superadmin'];

/** What is there on every view. */
export function PageHeader() {
  const { session, preferences, router } = usePage();
  const texts = useTexts();
  const state = useStore(session.state);
  const route = useStore(router.route);
  const { path } = route;
  const language = useStore(preferences.language);
  const theme = useStore(preferences.theme);
  const { action, logOut } = useLogOut();
  useEffect(action.forget, [route]);
  const isLoggedIn = state.status === 'logged-in';
  const isStaff = isLoggedIn && state.token.roles.some((role) => STAFF.includes(role));
  return (
    <header class="page-header">
      <div class="bar">
        <span class="brand">{texts.header.brand}</span>
        {isStaff && (
          <nav aria-label={texts.header.views}>
            <Link to="/account" isCurrent={path === '/account'}>
              {texts.account.title}
            </Link>
            <Link to="/support" isCurrent={path === '/support'}>
              {texts.support.title}
            </Link>
          </nav>
        )}
        <div class="tools">
          <Chooser
            label={texts.header.language}
            value={language}
            options={LANGUAGES.map((name) => [name, texts.languages[name]])}
            onChoose={(value) => preferences.language.set(LANGUAGES.find((name) => name === value) ?? language)}
          />
          <Chooser
            label={texts.header.theme}
            value={theme}
            options={THEMES.map((name) => [name, texts.header.themes[name]])}
            onChoose={(value) => preferences.theme.set(THEMES.find((name) => name === value) ?? theme)}
          />
          {isLoggedIn && (
            <Button isPending={action.isPending} onClick={() => logOut(LogoutScope.THIS_SESSION)}>
              {texts.header.logOut}
            </Button>
          )}
        </div>
      </div>
      <FailureNotice failure={action.failure} />
    </header>
  );
}
