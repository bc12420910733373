import { useEffect, useState } from 'preact/hooks';
import { reasonOf } from '../../calls/failure.ts';
import { usePage, useTexts } from '../../page.ts';
import { Field } from '../../parts/field.tsx';

type Availability = 'unknown' | 'free' | 'taken' | 'malformed';

/** Milliseconds without a key before it is asked for. */
const PAUSE = 400;

/** The name to log in with, and whether it is free. What cannot be said is not said: the registration itself decides. */
export function SecondLoginField({ isOptional = false }: { readonly isOptional?: boolean }) {
  const { fields } = useTexts();
  const [value, setValue] = useState('');
  const availability = useAvailability(value.trim());
  const hint = { unknown: fields.secondLoginHint, ...fields.availability }[availability];
  return (
    <Field
      name="second_login"
      label={fields.secondLogin}
      isOptional={isOptional}
      hint={
        <span role="status" class={`availability ${availability}`}>
          {hint}
        </span>
      }
      input={{ autoComplete: 'username', maxLength: 64, onInput: ({ currentTarget }) => setValue(currentTarget.value) }}
    />
  );
}

function useAvailability(value: string): Availability {
  const { calls } = usePage();
  const [known, setKnown] = useState<{ readonly value: string; readonly is: Availability } | null>(null);
  useEffect(() => {
    if (value === '') return undefined;
    const abort = new AbortController();
    const timer = setTimeout(() => {
      calls.accounts.checkAvailability({ contactType: 'second_login', value }, { signal: abort.signal }).then(
        ({ available }) => setKnown({ value, is: available ? 'free' : 'taken' }),
        (error: unknown) => setKnown({ value, is: reasonOf(error) === 'INVALID_REQUEST' ? 'malformed' : 'unknown' }),
      );
    }, PAUSE);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [value]);
  // An answer for another text than is there now says nothing.
  return known?.value === value ? known.is : 'unknown';
}
