import type { Message, SentMessage } from '../calls/use-message.ts';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';
import { Heading } from './heading.tsx';
import { FailureNotice, Hint } from './notices.tsx';
import { Resend } from './resend.tsx';

type Props = { readonly message: Message; readonly sent: SentMessage; readonly hint: string };

/** A link was sent: it is followed from the mail. */
export function LinkSent({ message, sent, hint }: Props) {
  const texts = useTexts();
  return (
    <>
      <Heading key="sent" text={texts.mail.title} />
      <Hint>{hint}</Hint>
      <div class="actions">
        <Resend
          key={sent.count}
          delay={sent.delay}
          isPending={message.action.isPending}
          onResend={() => void message.send(sent.contact)}
        />
        <Button look="link" onClick={message.forget}>
          {texts.back}
        </Button>
      </div>
      <FailureNotice failure={message.action.failure} />
    </>
  );
}
