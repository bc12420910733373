import type { Contact } from '../../../gen/web/accounts/v1/contact_pb.js';
import { useTexts } from '../../page.ts';
import { Button, Unseen } from '../../parts/button.tsx';

type Props = {
  readonly contact: Contact;
  readonly isPending: boolean;
  readonly onConfirm: () => void;
  readonly onMakePrimary: () => void;
  readonly onRemove: () => void;
};

/** One contact, and what can be done with it. */
export function ContactRow({ contact, isPending, onConfirm, onMakePrimary, onRemove }: Props) {
  const { contacts: texts } = useTexts();
  const { type, value, confirmed, primary } = contact;
  const types: Readonly<Record<string, string>> = texts.types;
  return (
    <li>
      <div>
        <strong class="value">{value}</strong>
        <div class="details">
          <span>{types[type] ?? type}</span>
          {primary && <span class="badge">{texts.primary}</span>}
          {!confirmed && <span class="badge warning">{texts.unconfirmed}</span>}
        </div>
      </div>
      <div class="row-actions">
        {!confirmed && (
          <Button isPending={isPending} onClick={onConfirm}>
            {texts.confirm}
            <Unseen>{value}</Unseen>
          </Button>
        )}
        {confirmed && !primary && (
          <Button isPending={isPending} onClick={onMakePrimary}>
            {texts.makePrimary}
            <Unseen>{value}</Unseen>
          </Button>
        )}
        <Button isPending={isPending} onClick={onRemove}>
          {texts.remove}
          <Unseen>{value}</Unseen>
        </Button>
      </div>
    </li>
  );
}
