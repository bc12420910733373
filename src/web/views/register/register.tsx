import { useState } from 'preact/hooks';
import { useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { Link } from '../../parts/link.tsx';
import { RegisterAtOnce } from './register-at-once.tsx';
import { RegisterByMail } from './register-by-mail.tsx';

/** A new account: at once, or by a link that shows that the address is the person's. */
export function Register() {
  const { register } = useTexts();
  const [isByMail, setByMail] = useState(false);
  return (
    <section class="card narrow">
      {isByMail ? <RegisterByMail /> : <RegisterAtOnce />}
      <nav class="other-ways" aria-label={register.otherWays}>
        <Button look="link" onClick={() => setByMail(!isByMail)}>
          {isByMail ? register.atOnce : register.byMail}
        </Button>
        <Link to="/login">{register.login}</Link>
      </nav>
    </section>
  );
}
