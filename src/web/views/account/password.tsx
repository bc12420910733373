import { useEffect, useState } from 'preact/hooks';
import { useAction } from '../../calls/use-action.ts';
import { useResult } from '../../calls/use-result.ts';
import type { Result as Told } from '../../calls/use-result.ts';
import { useWaysIn } from '../../calls/use-ways-in.ts';
import type { WaysIn } from '../../calls/use-ways-in.ts';
import { usePage, useTexts } from '../../page.ts';
import { PasswordField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import type { Values } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Result } from '../../parts/notices.tsx';
import { Username } from '../../parts/username.tsx';

/** The password is changed, or set where there is none: an account that was opened with a code has none. */
export function Password() {
  const { password: texts } = useTexts();
  const loaded = useWaysIn();
  return (
    <>
      <Heading text={texts.title} />
      <Loading loaded={loaded} />
      {loaded.value && <PasswordForm waysIn={loaded.value} />}
    </>
  );
}

function PasswordForm({ waysIn }: { readonly waysIn: WaysIn }) {
  const { calls } = usePage();
  const { password: texts, fields } = useTexts();
  const action = useAction();
  const [isFirst, setFirst] = useState(!waysIn.hasPassword);
  const result = useResult();
  // Emptied by drawing it anew.
  const [round, setRound] = useState(0);

  // It may have been set in another tab: what was typed stays, and the reason is shown.
  useEffect(() => {
    if (action.failure?.reason === 'PASSWORD_NOT_SET') setFirst(true);
    if (action.failure?.reason === 'PASSWORD_ALREADY_SET') setFirst(false);
  }, [action.failure]);

  /** @returns what has happened */
  async function save(newPassword: string, currentPassword: string): Promise<Told> {
    if (isFirst) {
      await calls.passwords.setPassword({ newPassword });
      return ({ password }) => password.wasSet;
    }
    const { endedSessions } = await calls.passwords.changePassword({ currentPassword, newPassword });
    return ({ password }) => password.changed(endedSessions);
  }
  async function submit(values: Values): Promise<void> {
    await action.run(async () => {
      result.tell(await save(values('new_password'), values('current_password')));
      setFirst(false);
      setRound(round + 1);
    });
  }

  return (
    <>
      <p class="lead">{isFirst ? texts.setHint : texts.changeHint}</p>
      <Result>{result.text}</Result>
      <Form
        key={round}
        action={action}
        submit={isFirst ? texts.set : texts.change}
        onTry={result.forget}
        onSubmit={(values) => void submit(values)}
      >
        <Username value={waysIn.login ?? ''} />
        {!isFirst && <PasswordField key="current" name="current_password" label={fields.currentPassword} />}
        <PasswordField key="new" name="new_password" label={fields.newPassword} isNew />
      </Form>
    </>
  );
}
