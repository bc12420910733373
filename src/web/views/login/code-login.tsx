import { useAction } from '../../calls/use-action.ts';
import { useMessage } from '../../calls/use-message.ts';
import { usePage, useTexts } from '../../page.ts';
import { CodeStep } from '../../parts/code-step.tsx';
import { ContactField } from '../../parts/fields.tsx';
import type { Typed } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { INTERFACE } from '../interface.ts';

/** By a code that is sent to a phone or an address. */
export function CodeLogin({ typed }: { readonly typed: Typed }) {
  const { calls } = usePage();
  const texts = useTexts();
  const message = useMessage((contact) => calls.auth.startCodeLogin({ contact }));
  const action = useAction();
  const { sent } = message;

  if (!sent) {
    return (
      <>
        <Heading key="contact" text={texts.login.codeTitle} />
        <Form
          key="contact-form"
          action={message.action}
          submit={texts.code.send}
          onSubmit={(values) => void message.send(values('contact'))}
        >
          <ContactField typed={typed} />
        </Form>
      </>
    );
  }
  return (
    <>
      <Heading key="code" text={texts.code.title} />
      <CodeStep
        message={message}
        sent={sent}
        action={action}
        submit={texts.login.submit}
        onSubmit={(code) =>
          void action.run(() => calls.auth.finishCodeLogin({ handle: sent.handle, code, interface: INTERFACE }))
        }
      />
    </>
  );
}
