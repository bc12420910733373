import type { LoginQuestion } from '../../calls/recent-login.ts';
import { useAction } from '../../calls/use-action.ts';
import type { Action } from '../../calls/use-action.ts';
import { useMessage } from '../../calls/use-message.ts';
import { useWaysIn } from '../../calls/use-ways-in.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { CodeStep } from '../../parts/code-step.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { PasswordField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Loading } from '../../parts/loading.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';
import { Username } from '../../parts/username.tsx';
import { INTERFACE } from '../interface.ts';

/** Asks a person who is logged in for one more login, where a call needs a recent one. */
export function LoginDialog() {
  const { recentLogin } = usePage();
  const question = useStore(recentLogin.question);
  return question && <LoginAgain question={question} />;
}

function LoginAgain({ question }: { readonly question: LoginQuestion }) {
  const { calls, session } = usePage();
  const texts = useTexts();
  const waysIn = useWaysIn();
  const message = useMessage((contact) => calls.auth.startCodeLogin({ contact }));
  // Two, so that a step does not show what was wrong with the other.
  const byPassword = useAction();
  const byCode = useAction();
  const reachable = waysIn.value?.reachable ?? null;
  const login = waysIn.value?.hasPassword ? waysIn.value.login : null;
  const { sent } = message;

  /** The new session takes the place of the one before, which would stay in the list for weeks. */
  async function again(action: Action, logIn: () => Promise<unknown>): Promise<void> {
    const before = session.state.get();
    if (!(await action.run(logIn))) return;
    question.answer(true);
    if (before.status !== 'logged-in') return;
    // What has been asked for does not wait for it, and does not fail with it.
    await calls.sessions.endSession({ sessionId: before.token.sessionId }).catch(() => undefined);
  }

  function sendCode(contact: string): void {
    byPassword.forget();
    void message.send(contact);
  }

  return (
    <Dialog title={texts.again.title} onClose={() => question.answer(false)}>
      <p>{texts.again.hint}</p>
      <Loading loaded={waysIn} />
      {waysIn.value && login === null && reachable === null && <Hint>{texts.again.noWay}</Hint>}
      {login !== null && !sent && (
        <Form
          action={byPassword}
          submit={texts.again.submit}
          onSubmit={(values) => void again(byPassword, () => calls.auth.login({ login, password: values('password') }))}
        >
          <Username value={login} />
          <PasswordField name="password" label={texts.again.passwordOf(login)} hasFocus />
        </Form>
      )}
      {reachable !== null && !sent && (
        <Button
          look={login === null ? 'main' : 'link'}
          isPending={message.action.isPending}
          onClick={() => sendCode(reachable)}
        >
          {login === null ? texts.code.send : texts.again.byCode}
        </Button>
      )}
      {!sent && <FailureNotice failure={message.action.failure} />}
      {sent && (
        <CodeStep
          message={message}
          sent={sent}
          action={byCode}
          submit={texts.again.submit}
          hasFocus
          onSubmit={(code) =>
            void again(byCode, () => calls.auth.finishCodeLogin({ handle: sent.handle, code, interface: INTERFACE }))
          }
        />
      )}
      {/* Whatever is not there: there is always a way out. */}
      <div class="actions">
        <Button onClick={() => question.answer(false)}>{texts.cancel}</Button>
      </div>
    </Dialog>
  );
}
