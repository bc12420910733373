import type { LoginQuestion } from '../../calls/recent-login.ts';
import { useAction, useLoaded } from '../../calls/use-action.ts';
import { useMessage } from '../../calls/use-message.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { CodeStep } from '../../parts/code-step.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { PasswordField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Loading } from '../../parts/loading.tsx';
import { FailureNotice } from '../../parts/notices.tsx';
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
  const contacts = useLoaded(() => calls.accounts.listContacts({}));
  const message = useMessage((contact) => calls.auth.startCodeLogin({ contact }));
  const action = useAction();
  const confirmed = contacts.value?.contacts.filter((contact) => contact.confirmed) ?? [];
  const reachable = confirmed.find(({ type }) => type === 'phone') ?? confirmed.find(({ type }) => type === 'email');
  const login = confirmed.find(({ type }) => type === 'second_login') ?? reachable;
  const { sent } = message;

  /** The new session takes the place of the one before, which would stay in the list for weeks. */
  async function again(logIn: () => Promise<unknown>): Promise<void> {
    const before = session.state.get();
    if (!(await action.run(logIn))) return;
    question.answer(true);
    if (before.status !== 'logged-in') return;
    // What has been asked for does not wait for it, and does not fail with it.
    await calls.sessions.endSession({ sessionId: before.token.sessionId }).catch(() => undefined);
  }

  return (
    <Dialog title={texts.again.title} onClose={() => question.answer(false)}>
      <p>{texts.again.hint}</p>
      <Loading loaded={contacts} />
      {login && !sent && (
        <Form
          action={action}
          submit={texts.again.submit}
          onSubmit={(values) =>
            void again(() => calls.auth.login({ login: login.value, password: values('password') }))
          }
        >
          {/* For the one who keeps the passwords. */}
          <input class="unseen" autoComplete="username" value={login.value} tabIndex={-1} aria-hidden readOnly />
          <PasswordField name="password" label={texts.again.passwordOf(login.value)} hasFocus />
        </Form>
      )}
      {reachable && !sent && (
        <Button look="link" isPending={message.action.isPending} onClick={() => void message.send(reachable.value)}>
          {texts.again.byCode}
        </Button>
      )}
      {!sent && <FailureNotice failure={message.action.failure} />}
      {sent && (
        <CodeStep
          message={message}
          sent={sent}
          action={action}
          submit={texts.again.submit}
          hasFocus
          onSubmit={(code) =>
            void again(() => calls.auth.finishCodeLogin({ handle: sent.handle, code, interface: INTERFACE }))
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
