import { useAction } from '../../calls/use-action.ts';
import { useLanguage, usePage, useTexts } from '../../page.ts';
import { Field } from '../../parts/field.tsx';
import { PasswordField, PhoneField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import type { Values } from '../../parts/form.tsx';
import { SelectField } from '../../parts/select.tsx';
import { countriesIn, likelyCountry } from '../../texts/countries.ts';
import { INTERFACE } from '../interface.ts';
import { SecondLoginField } from './second-login-field.tsx';

type Props = {
  readonly token: string;
  /** Whether the link was sent to a phone: then it is the account's. */
  readonly isByPhone: boolean;
};

/** What an account needs beside the contact that the link was sent to. */
export function FinishRegistration({ token, isByPhone }: Props) {
  const { calls, router } = usePage();
  const language = useLanguage();
  const { register, fields } = useTexts();
  const action = useAction();

  async function finish(values: Values): Promise<void> {
    const go = router.fromHere();
    const isFinished = await action.run(() =>
      calls.registration.finishRegistration({
        token,
        displayName: values('display_name'),
        country: values('country'),
        password: values('password'),
        secondLogin: values('second_login'),
        phone: values('phone'),
        interface: INTERFACE,
        language,
      }),
    );
    if (isFinished) go('/account', { replace: true });
  }
  return (
    <Form action={action} submit={register.submit} onSubmit={(values) => void finish(values)}>
      <Field
        name="display_name"
        label={fields.displayName}
        hint={fields.displayNameHint}
        input={{ autoComplete: 'name', autoCapitalize: 'words', maxLength: 30 }}
      />
      <SelectField
        name="country"
        label={fields.country}
        options={countriesIn(language)}
        value={likelyCountry(navigator.languages)}
        autoComplete="country"
      />
      <SecondLoginField isOptional />
      {!isByPhone && <PhoneField isOptional />}
      <PasswordField name="password" isNew />
    </Form>
  );
}
