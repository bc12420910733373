import { useState } from 'preact/hooks';
import type { Contact } from '../../../gen/web/accounts/v1/contact_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { Field } from '../../parts/field.tsx';
import { Form } from '../../parts/form.tsx';

/** What a person may add; what it is can be told from its spelling. */
function typeOf(value: string): string {
  if (value.includes('@')) return 'email';
  return /^[+\d\s().-]{5,32}$/.test(value) ? 'phone' : 'second_login';
}

export function AddContact({ onAdded }: { readonly onAdded: (contact: Contact) => void }) {
  const { calls } = usePage();
  const texts = useTexts();
  const [isOpen, setOpen] = useState(false);
  const action = useAction();

  async function add(value: string): Promise<void> {
    await action.run(async () => {
      const { contact } = await calls.accounts.addContact({ type: typeOf(value), value });
      if (!contact) return;
      setOpen(false);
      onAdded(contact);
    });
  }

  if (!isOpen) {
    return (
      <div class="actions">
        <Button onClick={() => setOpen(true)}>{texts.contacts.add}</Button>
      </div>
    );
  }
  return (
    <div class="box">
      <h2>{texts.contacts.addTitle}</h2>
      <Form
        action={action}
        submit={texts.contacts.addSubmit}
        onSubmit={(values) => void add(values('value').trim())}
        more={<Button onClick={() => setOpen(false)}>{texts.cancel}</Button>}
      >
        <Field name="value" label={texts.contacts.value} hint={texts.contacts.valueHint} input={{ autoFocus: true }} />
      </Form>
    </div>
  );
}
