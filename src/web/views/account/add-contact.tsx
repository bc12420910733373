import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Contact } from '../../../gen/web/accounts/v1/contact_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { Field } from '../../parts/field.tsx';
import { Form } from '../../parts/form.tsx';

/** Of these an account has one: another takes its place. */
const ONLY_ONE = ['second_login', 'phone'];

/** What a person may add; what it is can be told from its spelling. */
function typeOf(value: string): string {
  if (value.includes('@')) return 'email';
  return /^[+\d\s().-]{5,32}$/.test(value) ? 'phone' : 'second_login';
}

type Props = {
  readonly contacts: readonly Contact[];
  readonly onTry: () => void;
  readonly onAdded: (contact: Contact) => void;
};

export function AddContact({ contacts, onTry, onAdded }: Props) {
  const { calls } = usePage();
  const { contacts: texts, cancel } = useTexts();
  const [isOpen, setOpen] = useState(false);
  const [replacing, setReplacing] = useState<{ readonly value: string; readonly by: string } | null>(null);
  const action = useAction();
  const opener = useRef<HTMLDivElement>(null);
  const wasOpen = useRef(false);
  // Before a dialog that comes next remembers who has the focus.
  useLayoutEffect(() => {
    if (wasOpen.current && !isOpen) opener.current?.querySelector('button')?.focus();
    wasOpen.current = isOpen;
  }, [isOpen]);

  function ask(value: string): void {
    const type = typeOf(value);
    const before = contacts.find((contact) => contact.type === type && contact.confirmed);
    if (before && ONLY_ONE.includes(type)) setReplacing({ value: before.value, by: value });
    else void add(value);
  }
  async function add(value: string): Promise<void> {
    setReplacing(null);
    await action.run(async () => {
      const { contact } = await calls.accounts.addContact({ type: typeOf(value), value });
      if (!contact) return;
      setOpen(false);
      onAdded(contact);
    });
  }

  if (!isOpen) {
    return (
      <div ref={opener} class="actions">
        <Button onClick={() => setOpen(true)}>{texts.add}</Button>
      </div>
    );
  }
  return (
    <div class="box">
      <h2>{texts.addTitle}</h2>
      <Form
        action={action}
        submit={texts.addSubmit}
        onTry={onTry}
        onSubmit={(values) => ask(values('value').trim())}
        more={<Button onClick={() => setOpen(false)}>{cancel}</Button>}
      >
        <Field name="value" label={texts.value} hint={texts.valueHint} input={{ autoFocus: true }} />
      </Form>
      {replacing && (
        <ConfirmDialog
          title={texts.replaceQuestion(replacing.value)}
          action={action}
          confirm={texts.replace}
          onConfirm={() => void add(replacing.by)}
          onClose={() => setReplacing(null)}
        >
          <p>{typeOf(replacing.by) === 'phone' ? texts.replacePhoneHint : texts.replaceLoginHint}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
