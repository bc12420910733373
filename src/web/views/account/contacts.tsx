import { useEffect, useRef, useState } from 'preact/hooks';
import type { Contact } from '../../../gen/web/accounts/v1/contact_pb.js';
import { useAction, useLoaded } from '../../calls/use-action.ts';
import type { SentMessages } from '../../calls/use-message.ts';
import { useResult } from '../../calls/use-result.ts';
import type { Result as Told } from '../../calls/use-result.ts';
import { usePage, useTexts } from '../../page.ts';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { FailureNotice, Result } from '../../parts/notices.tsx';
import { AddContact } from './add-contact.tsx';
import { ConfirmContact } from './confirm-contact.tsx';
import { ContactRow } from './contact-row.tsx';

/** How the person is reached, and with what he logs in. */
export function Contacts() {
  const { calls } = usePage();
  const { contacts: texts } = useTexts();
  const list = useLoaded(() => calls.accounts.listContacts({}));
  const action = useAction();
  const result = useResult();
  const [confirming, setConfirming] = useState<Contact | null>(null);
  const [removing, setRemoving] = useState<Contact | null>(null);
  const sentMessages = useRef<SentMessages>(new Map());

  // A link of a mail may have been followed in another tab.
  useEffect(() => {
    const reload = () => void list.reload();
    addEventListener('focus', reload);
    return () => removeEventListener('focus', reload);
  }, []);

  /** What was done before is over, however it went. */
  function forget(): void {
    action.forget();
    result.forget();
  }
  async function change(work: () => Promise<unknown>, done: Told): Promise<void> {
    setRemoving(null);
    forget();
    if (await action.run(work)) result.tell(done);
    await list.reload();
  }
  const makePrimary = ({ contactId, value }: Contact) =>
    change(
      () => calls.accounts.setPrimaryContact({ contactId }),
      ({ contacts }) => contacts.isPrimaryNow(value),
    );
  const remove = ({ contactId, value }: Contact) =>
    change(
      () => calls.accounts.deactivateContact({ contactId }),
      ({ contacts }) => contacts.removed(value),
    );

  async function confirmed(contact: Contact): Promise<void> {
    setConfirming(null);
    action.forget();
    result.tell(({ contacts }) => contacts.isConfirmedNow(contact.value));
    await list.reload();
  }

  async function added(contact: Contact): Promise<void> {
    action.forget();
    result.tell(({ contacts }) => contacts.added(contact.value));
    if (!contact.confirmed) setConfirming(contact);
    await list.reload();
  }

  return (
    <>
      <Heading text={texts.title} />
      <p class="lead">{texts.hint}</p>
      <FailureNotice failure={action.failure} />
      <Result>{result.text}</Result>
      <Loading loaded={list} />
      <ul class="rows">
        {list.value?.contacts.map((contact) => (
          <ContactRow
            key={contact.contactId}
            contact={contact}
            isPending={action.isPending}
            onConfirm={() => setConfirming(contact)}
            onMakePrimary={() => void makePrimary(contact)}
            onRemove={() => {
              forget();
              setRemoving(contact);
            }}
          />
        ))}
      </ul>
      {confirming && (
        <ConfirmContact
          key={confirming.contactId}
          contact={confirming}
          sentMessages={sentMessages.current}
          onDone={(contact) => void confirmed(contact)}
          onClose={() => {
            setConfirming(null);
            void list.reload();
          }}
        />
      )}
      {removing && (
        <ConfirmDialog
          title={texts.removeQuestion(removing.value)}
          action={action}
          confirm={texts.remove}
          onConfirm={() => void remove(removing)}
          onClose={() => setRemoving(null)}
        >
          <p>{texts.removeHint}</p>
        </ConfirmDialog>
      )}
      <AddContact contacts={list.value?.contacts ?? []} onTry={forget} onAdded={(contact) => void added(contact)} />
    </>
  );
}
