import { useEffect } from 'preact/hooks';
import type { Contact } from '../../../gen/web/accounts/v1/contact_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { useMessage } from '../../calls/use-message.ts';
import type { SentMessages } from '../../calls/use-message.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { CodeStep } from '../../parts/code-step.tsx';
import { Dialog } from '../../parts/dialog.tsx';
import { FailureNotice, Hint } from '../../parts/notices.tsx';
import { Waiting } from '../../parts/waiting.tsx';

type Props = {
  readonly contact: Contact;
  /** A code that is on its way is good for another visit to this dialog. */
  readonly sentMessages: SentMessages;
  readonly onDone: (contact: Contact) => void;
  readonly onClose: () => void;
};

/** Shows that a contact is the person's: by a code to a phone, by a link to an address. */
export function ConfirmContact({ contact, sentMessages, onDone, onClose }: Props) {
  const { calls } = usePage();
  const texts = useTexts();
  const { contactId, value } = contact;
  const message = useMessage(() => calls.accounts.startContactConfirmation({ contactId }), sentMessages);
  const action = useAction();
  const { sent } = message;
  useEffect(() => {
    if (!message.resume(value)) void message.send(value);
  }, []);

  async function confirm(handle: string, code: string): Promise<void> {
    const proof = { case: 'code', value: { handle, code } } as const;
    await action.run(async () => {
      const answer = await calls.accounts.finishContactConfirmation({ proof });
      onDone(answer.contact ?? contact);
    });
  }
  const isByLink = contact.type === 'email';
  return (
    <Dialog title={texts.contacts.confirmTitle} onClose={onClose}>
      {!sent && message.action.isPending && <Waiting />}
      {!sent && <FailureNotice failure={message.action.failure} />}
      {sent && isByLink && <Hint>{texts.mail.sentTo(value)}</Hint>}
      {sent && !isByLink && (
        <CodeStep
          message={{ ...message, forget: onClose }}
          sent={sent}
          action={action}
          submit={texts.contacts.confirm}
          field="code.code"
          hasFocus
          onSubmit={(code) => void confirm(sent.handle, code)}
        />
      )}
      {(!sent || isByLink) && (
        <div class="actions">
          <Button onClick={onClose}>{texts.close}</Button>
        </div>
      )}
    </Dialog>
  );
}
