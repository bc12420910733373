import type { ComponentChildren } from 'preact';
import type { Action } from '../calls/use-action.ts';
import type { Message, SentMessage } from '../calls/use-message.ts';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';
import { CodeField } from './fields.tsx';
import { Form } from './form.tsx';
import type { Values } from './form.tsx';
import { FailureNotice, Hint } from './notices.tsx';
import { Resend } from './resend.tsx';

type Props = {
  readonly message: Message;
  readonly sent: SentMessage;
  readonly action: Action;
  readonly submit: string;
  readonly onSubmit: (code: string, values: Values) => void;
  /** The name that the code has in the request. */
  readonly field?: 'code' | 'code.code';
  /** In a dialog, which has no heading to begin with. */
  readonly hasFocus?: boolean;
  /** Fields beside the code. */
  readonly children?: ComponentChildren;
};

/** A code was sent: it is typed here, or sent again. */
export function CodeStep({
  message,
  sent,
  action,
  submit,
  onSubmit,
  field = 'code',
  hasFocus = false,
  children,
}: Props) {
  const texts = useTexts();
  /** What was wrong with a code is of no interest beside another, or somewhere else. */
  const goOn = (next: () => void) => {
    action.forget();
    next();
  };
  return (
    <>
      <Hint>{texts.code.sentTo(sent.contact)}</Hint>
      <Form
        action={action}
        submit={submit}
        onSubmit={(values) => onSubmit(values(field), values)}
        more={
          <Button look="link" onClick={() => goOn(message.forget)}>
            {texts.back}
          </Button>
        }
      >
        <CodeField name={field} hasFocus={hasFocus} />
        {children}
      </Form>
      <Resend
        key={sent.count}
        delay={sent.delay}
        isPending={message.action.isPending}
        onResend={() => goOn(() => void message.send(sent.contact))}
      />
      <FailureNotice failure={message.action.failure} />
    </>
  );
}
