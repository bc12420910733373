import { useAction } from '../../calls/use-action.ts';
import { useMessage } from '../../calls/use-message.ts';
import { usePage, useTexts } from '../../page.ts';
import { CodeStep } from '../../parts/code-step.tsx';
import { ContactField, PasswordField } from '../../parts/fields.tsx';
import type { Typed } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { LinkSent } from '../../parts/link-sent.tsx';
import { Username } from '../../parts/username.tsx';

/** A forgotten password: a link for an address, a code for a phone. */
export function ResetPassword({ typed, onDone }: { readonly typed: Typed; readonly onDone: () => void }) {
  const { calls } = usePage();
  const texts = useTexts();
  const message = useMessage((contact) => calls.passwords.startPasswordReset({ contact }));
  const action = useAction();
  const { sent } = message;

  if (!sent) {
    return (
      <>
        <Heading key="contact" text={texts.login.resetTitle} />
        <Form
          key="contact-form"
          action={message.action}
          submit={texts.login.sendReset}
          onSubmit={(values) => void message.send(values('contact'))}
        >
          <ContactField typed={typed} />
        </Form>
      </>
    );
  }
  if (sent.contact.includes('@')) {
    return <LinkSent message={message} sent={sent} hint={texts.mail.maybeSentTo(sent.contact)} />;
  }

  async function finish(code: string, newPassword: string, handle: string): Promise<void> {
    const proof = { case: 'code', value: { handle, code } } as const;
    if (await action.run(() => calls.passwords.finishPasswordReset({ proof, newPassword }))) onDone();
  }
  return (
    <>
      <Heading key="code" text={texts.login.newPasswordTitle} />
      <CodeStep
        message={message}
        sent={sent}
        action={action}
        submit={texts.login.setPassword}
        field="code.code"
        onSubmit={(code, values) => void finish(code, values('new_password'), sent.handle)}
      >
        <Username value={sent.contact} />
        <PasswordField name="new_password" label={texts.fields.newPassword} isNew />
      </CodeStep>
    </>
  );
}
