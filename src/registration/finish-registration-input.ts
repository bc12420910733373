import type { Contacts } from '../accounts/contact.ts';
import { profileTexts } from '../accounts/profile-fields.ts';
import { readPhone, readRegistrationFields, readSecondLogin } from '../auth/registration-fields.ts';
import type { RegistrationFields } from '../auth/registration-fields.ts';
import type { Contact } from '../db/accounts-functions.ts';
import { createFieldCheck } from '../errors/field-check.ts';
import type { FieldCheck } from '../errors/field-check.ts';
import { TOKEN_FORM } from './check-registration.ts';

/** Whether a form asks for a contact. */
type Wanted = 'required' | 'optional' | 'off';

export type FinishRegistrationInput = RegistrationFields & {
  readonly token: string;
  readonly displayName: string;
  readonly country: string;
  readonly secondLogin: string;
  readonly phone: string;
  readonly language: string;
  readonly guestAccessToken: string;
};

/** What the person typed, in the form that is stored. The contact that the link was sent to is not in it: the link says it. */
type RegistrationForm = RegistrationFields & {
  readonly contacts: readonly Contact[];
  readonly displayName: string;
  readonly country: string;
  /** null: that of the request that sends a message. */
  readonly language: string | null;
};

/** @param invitedPhone that an invitation was sent to: the form need not name it, and cannot name another; null: none */
export type ReadRegistrationForm = (input: FinishRegistrationInput, invitedPhone: string | null) => RegistrationForm;

type Deps = {
  readonly contacts: Pick<Contacts, 'secondLogin' | 'phone'>;
  readonly interfaces: ReadonlySet<string>;
  readonly wanted: { readonly secondLogin: Wanted; readonly phone: Wanted };
};

/** @throws INVALID_REQUEST with every field that is wrong; the password's policy needs the link's address, and comes later */
export function createReadRegistrationForm({ contacts, interfaces, wanted }: Deps): ReadRegistrationForm {
  return (input, invitedPhone) => {
    const check = createFieldCheck();
    if (input.token === '') check.refuse('token', TOKEN_FORM);
    const form = {
      displayName: readProfileText(check, 'display_name', input.displayName),
      country: readProfileText(check, 'country', input.country),
      language: input.language === '' ? null : readProfileText(check, 'language', input.language),
      ...readRegistrationFields(check, input, interfaces),
    };
    const isSecondLogin = isGiven(check, 'second_login', input.secondLogin, wanted.secondLogin);
    const secondLogin = isSecondLogin ? readSecondLogin(check, contacts, input.secondLogin) : null;
    const isPhone = isGiven(check, 'phone', input.phone, invitedPhone === null ? wanted.phone : 'optional');
    const phone = isPhone ? readPhone(check, contacts, input.phone) : null;
    if (phone !== null && invitedPhone !== null && phone !== invitedPhone) {
      check.refuse('phone', 'must be the one that the invitation was sent to, or be left out');
    }
    check.throwIfAny();
    return {
      ...form,
      contacts: [
        ...(secondLogin === null ? [] : [{ type: 'second_login', value: secondLogin }]),
        ...(phone === null || invitedPhone !== null ? [] : [{ type: 'phone', value: phone }]),
      ],
    };
  };
}

function readProfileText(check: FieldCheck, field: keyof typeof profileTexts, text: string): string {
  const { read, must } = profileTexts[field];
  return check.accept(field, read(text), must);
}

/** Whether there is something to read; a field that is required is read, and so refused, without a text, too. */
function isGiven(check: FieldCheck, field: string, text: string, wanted: Wanted): boolean {
  if (wanted === 'off') {
    if (text !== '') check.refuse(field, 'is not taken here');
    return false;
  }
  return text !== '' || wanted === 'required';
}
