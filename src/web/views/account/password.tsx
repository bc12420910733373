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
  const action = useAction();
  const [isFirst, setFirst] = useState(false);
  const [result, setResult] = useState('');
  // Emptied by drawing it anew.
  const [round, setRound] = useState(0);

  // The service knows better: what was typed stays, and the reason is shown.
  useEffect(() => {
    if (action.failure?.reason === 'PASSWORD_NOT_SET') setFirst(true);
    if (action.failure?.reason === 'PASSWORD_ALREADY_SET') setFirst(false);
  }, [action.failure]);

  /** @returns what has happened */
  async function save(newPassword: string, currentPassword: string): Promise<string> {
    if (isFirst) {
      await calls.passwords.setPassword({ newPassword });
      return texts.wasSet;
    }
    const { endedSessions } = await calls.passwords.changePassword({ currentPassword, newPassword });
    return texts.changed(endedSessions);
  }
  async function submit(values: Values): Promise<void> {
    setResult('');
    await action.run(async () => {
      setResult(await save(values('new_password'), values('current_password')));
      setFirst(false);
      setRound(round + 1);
    });
  }

  return (
    <>
      <Heading text={texts.title} />
      <p class="lead">{isFirst ? texts.setHint : texts.changeHint}</p>
      <Result>{result}</Result>
      <Form
        key={round}
        action={action}
        submit={isFirst ? texts.set : texts.change}
        onSubmit={(values) => void submit(values)}
      >
        {!isFirst && <PasswordField key="current" name="current_password" label={fields.currentPassword} />}
        <PasswordField key="new" name="new_password" label={fields.newPassword} isNew />
      </Form>
      <Button look="link" onClick={() => setFirst(!isFirst)}>
        {isFirst ? texts.hasOne : texts.hasNone}
      </Button>
    </>
  );
}
