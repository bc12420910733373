import { useState } from 'preact/hooks';
import { useTexts } from '../page.ts';
import { Field, FieldFrame, useField } from './field.tsx';

type PasswordProps = { readonly name: string; readonly label?: string; readonly isNew?: boolean };

/** A password, which may be looked at while it is typed. */
export function PasswordField({ name, label, isNew = false }: PasswordProps) {
  const { fields } = useTexts();
  const [isShown, setShown] = useState(false);
  const { id, attributes } = useField(name, true);
  return (
    <FieldFrame id={id} name={name} label={label ?? fields.password} hint={isNew ? fields.newPasswordHint : undefined}>
      <div class="with-button">
        <input
          {...attributes}
          {...(isShown ? { type: 'text' as const } : { type: 'password' as const })}
          autoComplete={isNew ? 'new-password' : 'current-password'}
          autoCapitalize="none"
          spellcheck={false}
        />
        <button type="button" aria-pressed={isShown} onClick={() => setShown(!isShown)}>
          {fields.showPassword}
        </button>
      </div>
    </FieldFrame>
  );
}

/** The 6 digits of a message. Browsers on phones offer them from there. */
export function CodeField({ name }: { readonly name: string }) {
  const { fields } = useTexts();
  return (
    <Field
      name={name}
      label={fields.code}
      hint={fields.codeHint}
      input={{ autoComplete: 'one-time-code', inputMode: 'numeric', maxLength: 6, class: 'code' }}
    />
  );
}

export function PhoneField({ isOptional = false }: { readonly isOptional?: boolean }) {
  const { fields } = useTexts();
  const input = { autoComplete: 'tel', inputMode: 'tel' } as const;
  return <Field name="phone" label={fields.phone} hint={fields.phoneHint} isOptional={isOptional} input={input} />;
}

export function EmailField({ isOptional = false }: { readonly isOptional?: boolean }) {
  const { fields } = useTexts();
  // Not `type=email`: browsers rewrite addresses with letters of other scripts.
  const input = { autoComplete: 'email', inputMode: 'email' } as const;
  return <Field name="email" label={fields.email} isOptional={isOptional} input={input} />;
}

/** Where a message is sent to. */
export function ContactField() {
  const { fields } = useTexts();
  return <Field name="contact" label={fields.contact} input={{ autoComplete: 'username', inputMode: 'email' }} />;
}
