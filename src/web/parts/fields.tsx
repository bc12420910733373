import { useRef, useState } from 'preact/hooks';
import { useTexts } from '../page.ts';
import { Field, FieldFrame, useField, useFocus } from './field.tsx';
import type { Typing } from './field.tsx';

type PasswordProps = {
  readonly name: string;
  readonly label?: string;
  readonly isNew?: boolean;
  readonly hasFocus?: boolean;
};

/** A password, which may be looked at while it is typed. */
export function PasswordField({ name, label, isNew = false, hasFocus = false }: PasswordProps) {
  const { fields } = useTexts();
  const [isShown, setShown] = useState(false);
  const { id, attributes } = useField(name, true);
  const element = useFocus(hasFocus);
  return (
    <FieldFrame id={id} name={name} label={label ?? fields.password} hint={isNew ? fields.newPasswordHint : undefined}>
      <div class="with-button">
        <input
          ref={element}
          {...attributes}
          {...(isShown ? { type: 'text' as const } : { type: 'password' as const })}
          autoFocus={hasFocus}
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
export function CodeField({ name, hasFocus = false }: { readonly name: string; readonly hasFocus?: boolean }) {
  const { fields } = useTexts();
  return (
    <Field
      name={name}
      label={fields.code}
      hint={fields.codeHint}
      input={{
        ...{ autoComplete: 'one-time-code', inputMode: 'numeric', maxLength: 6, class: 'code' },
        autoFocus: hasFocus,
      }}
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
export function ContactField({ typed }: { readonly typed: Typed }) {
  const { fields } = useTexts();
  const input = { autoComplete: 'username', inputMode: 'email', ...typed } as const;
  return <Field name="contact" label={fields.contact} input={input} />;
}

/** What was typed in one form stays for the next. */
export type Typed = Required<Pick<Typing, 'defaultValue' | 'onInput'>>;

export function useTyped(): () => Typed {
  const text = useRef('');
  return () => ({ defaultValue: text.current, onInput: ({ currentTarget }) => (text.current = currentTarget.value) });
}
