import { useEffect, useState } from 'preact/hooks';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { PasswordField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import type { Values } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Result } from '../../parts/notices.tsx';

/** The password is changed, or set where there is none: an account that was opened with a code has none. */
export function Password() {
  const { calls } = usePage();
  const { password: texts, fields } = useTexts();
  const change = useAction();
  const set = useAction();
  const [isFirst, setFirst] = useState(false);
  const [result, setResult] = useState('');
  // Emptied by drawing it anew.
  const [round, setRound] = useState(0);

  useEffect(() => {
    if (change.failure?.reason === 'PASSWORD_NOT_SET') setFirst(true);
    if (set.failure?.reason === 'PASSWORD_ALREADY_SET') setFirst(false);
  }, [change.failure, set.failure]);

  function done(text: string): void {
    setResult(text);
    setFirst(false);
    setRound(round + 1);
  }
  async function changePassword(values: Values): Promise<void> {
    setResult('');
    await change.run(async () => {
      const passwords = { currentPassword: values('current_password'), newPassword: values('new_password') };
      const { endedSessions } = await calls.passwords.changePassword(passwords);
      done(texts.changed(endedSessions));
    });
  }
  async function setPassword(values: Values): Promise<void> {
    setResult('');
    if (await set.run(() => calls.passwords.setPassword({ newPassword: values('new_password') }))) done(texts.wasSet);
  }

  return (
    <>
      <Heading text={texts.title} />
      <p class="lead">{isFirst ? texts.setHint : texts.changeHint}</p>
      <Result>{result}</Result>
      {isFirst ? (
        <Form key="set" action={set} submit={texts.set} onSubmit={(values) => void setPassword(values)}>
          <PasswordField name="new_password" label={fields.newPassword} isNew />
        </Form>
      ) : (
        <Form
          key={`change ${round}`}
          action={change}
          submit={texts.change}
          onSubmit={(values) => void changePassword(values)}
        >
          <PasswordField name="current_password" label={fields.currentPassword} />
          <PasswordField name="new_password" label={fields.newPassword} isNew />
        </Form>
      )}
      <Button look="link" onClick={() => setFirst(!isFirst)}>
        {isFirst ? texts.hasOne : texts.hasNone}
      </Button>
    </>
  );
}
