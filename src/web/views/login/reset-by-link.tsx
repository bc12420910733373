import { useEffect, useState } from 'preact/hooks';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { PasswordField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Hint } from '../../parts/notices.tsx';
import { Username } from '../../parts/username.tsx';
import { LogIn } from './login.tsx';

/** The link of a mail that replaces a forgotten password. */
export function ResetByLink({ token }: { readonly token: string }) {
  const { calls, session, router } = usePage();
  const { login, fields, links } = useTexts();
  const action = useAction();
  const [isDone, setDone] = useState(false);

  const { status } = useStore(session.state);
  useEffect(() => {
    if (isDone && status === 'logged-in') router.go('/account', { replace: true });
  }, [isDone, status]);

  if (isDone) return <LogIn notice={login.passwordWasReset} />;
  if (token === '') return <LogIn notice={links.incomplete} />;

  async function finish(newPassword: string): Promise<void> {
    const proof = { case: 'token', value: token } as const;
    if (await action.run(() => calls.passwords.finishPasswordReset({ proof, newPassword }))) setDone(true);
  }
  return (
    <section class="card narrow">
      <Heading text={login.newPasswordTitle} />
      <Hint>{login.resetEndsSessions}</Hint>
      <Form action={action} submit={login.setPassword} onSubmit={(values) => void finish(values('new_password'))}>
        <Username value="" />
        <PasswordField name="new_password" label={fields.newPassword} isNew />
      </Form>
    </section>
  );
}
