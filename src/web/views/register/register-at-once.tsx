import { useState } from 'preact/hooks';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { EmailField, PasswordField, PhoneField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { INTERFACE } from '../interface.ts';
import { SecondLoginField } from './second-login-field.tsx';

/** The login first, as it is said at once whether somebody has it. */
export function RegisterAtOnce() {
  const { calls } = usePage();
  const { register } = useTexts();
  const action = useAction();
  // One for the form: to send it again after a lost answer is the same registration, not a second one.
  const [idempotencyKey] = useState(() => crypto.randomUUID());
  return (
    <>
      <Heading text={register.title} />
      <Form
        action={action}
        submit={register.submit}
        onSubmit={(values) =>
          void action.run(() =>
            calls.auth.register({
              secondLogin: values('second_login'),
              phone: values('phone'),
              email: values('email'),
              password: values('password'),
              interface: INTERFACE,
              idempotencyKey,
            }),
          )
        }
      >
        <SecondLoginField />
        <PhoneField />
        <EmailField isOptional />
        <PasswordField name="password" isNew />
      </Form>
    </>
  );
}
