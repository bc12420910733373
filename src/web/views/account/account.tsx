import type { ComponentType } from 'preact';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Link } from '../../parts/link.tsx';
import { Contacts } from './contacts.tsx';
import { Leave } from './leave.tsx';
import { Password } from './password.tsx';
import { ProfileView } from './profile.tsx';
import { Roles } from './roles.tsx';
import { Sessions } from './sessions.tsx';
import { Unconfirmed } from './unconfirmed.tsx';

/** The parts of the account, in the order in which they are shown; the first is where one arrives. */
const SECTIONS = {
  sessions: Sessions,
  contacts: Contacts,
  password: Password,
  roles: Roles,
  profile: ProfileView,
  leave: Leave,
} as const satisfies Record<string, ComponentType>;
type Section = keyof typeof SECTIONS;

export function Account() {
  const { router } = usePage();
  const { account } = useTexts();
  const route = useStore(router.route);
  const names = Object.keys(SECTIONS) as Section[];
  const current = names.find((name) => name === route.section) ?? 'sessions';
  const View = SECTIONS[current];
  return (
    <div class="account">
      <nav class="sections" aria-label={account.title}>
        <ul>
          {names.map((name) => (
            <li key={name}>
              <Link to="/account" section={name} isCurrent={name === current}>
                {account.sections[name]}
              </Link>
            </li>
          ))}
        </ul>
      </nav>
      <section class="card">
        <Unconfirmed section={current} />
        <View key={current} />
      </section>
    </div>
  );
}
