import type { ComponentChildren } from 'preact';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Field } from '../../parts/field.tsx';
import { PasswordField } from '../../parts/fields.tsx';
import type { Typed } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';

type Props = { readonly typed: Typed; readonly children?: ComponentChildren };

/** By any contact that is confirmed, and the password. */
export function PasswordLogin({ typed, children }: Props) {
  const { calls } = usePage();
  const { login } = useTexts();
  const action = useAction();
  return (
    <>
      <Heading text={login.title} />
      {children}
      <Form
        action={action}
        submit={login.submit}
        onSubmit={(values) =>
          void action.run(() => calls.auth.login({ login: values('login'), password: values('password') }))
        }
      >
        <Field name="login" label={login.login} input={{ autoComplete: 'username', inputMode: 'email', ...typed }} />
        <PasswordField name="password" />
      </Form>
    </>
  );
}
