import { useState } from 'preact/hooks';
import { useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { useTyped } from '../../parts/fields.tsx';
import { Link } from '../../parts/link.tsx';
import { Hint } from '../../parts/notices.tsx';
import { CodeLogin } from './code-login.tsx';
import { PasswordLogin } from './password-login.tsx';
import { ResetPassword } from './reset-password.tsx';

type Way = 'password' | 'code' | 'reset';

/** All ways in. Where it is done the session knows, and the page goes on by that. */
export function LogIn({ notice = '' }: { readonly notice?: string }) {
  const { login } = useTexts();
  const [way, setWay] = useState<Way>('password');
  const [wasReset, setWasReset] = useState(false);
  const typed = useTyped();
  const hint = wasReset ? login.passwordWasReset : notice;

  return (
    <section class="card narrow">
      {way === 'password' && <PasswordLogin typed={typed()}>{hint !== '' && <Hint>{hint}</Hint>}</PasswordLogin>}
      {way === 'code' && <CodeLogin typed={typed()} />}
      {way === 'reset' && (
        <ResetPassword
          typed={typed()}
          onDone={() => {
            setWasReset(true);
            setWay('password');
          }}
        />
      )}
      <nav class="other-ways" aria-label={login.otherWays}>
        {way !== 'password' && (
          <Button look="link" onClick={() => setWay('password')}>
            {login.byPassword}
          </Button>
        )}
        {way !== 'code' && (
          <Button look="link" onClick={() => setWay('code')}>
            {login.byCode}
          </Button>
        )}
        {way !== 'reset' && (
          <Button look="link" onClick={() => setWay('reset')}>
            {login.forgotten}
          </Button>
        )}
        <Link to="/register">{login.register}</Link>
      </nav>
    </section>
  );
}
