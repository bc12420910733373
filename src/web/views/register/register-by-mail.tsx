import { useMessage } from '../../calls/use-message.ts';
import { usePage, useTexts } from '../../page.ts';
import { EmailField } from '../../parts/fields.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { LinkSent } from '../../parts/link-sent.tsx';

/** Sends the link with which a registration goes on. */
export function RegisterByMail() {
  const { calls } = usePage();
  const { register, mail } = useTexts();
  const message = useMessage((email) => calls.registration.startRegistration({ email }));
  if (message.sent) {
    return <LinkSent message={message} sent={message.sent} hint={mail.sentTo(message.sent.contact)} />;
  }
  return (
    <>
      <Heading text={register.mailTitle} />
      <p>{register.mailHint}</p>
      <Form
        action={message.action}
        submit={register.sendLink}
        onSubmit={(values) => void message.send(values('email'))}
      >
        <EmailField />
      </Form>
    </>
  );
}
