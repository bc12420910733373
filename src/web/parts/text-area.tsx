import { useTexts } from '../page.ts';
import { FieldFrame, useField } from './field.tsx';

type Props = {
  readonly name: string;
  readonly label: string;
  readonly hint: string;
  readonly value: string;
  readonly longest: number;
};

/** Some lines of text, which may be left out. */
export function TextAreaField({ name, label, hint, value, longest }: Props) {
  const { fields } = useTexts();
  const { id, attributes } = useField(name, false);
  return (
    <FieldFrame id={id} name={name} label={`${label} (${fields.optional})`} hint={hint}>
      <textarea {...attributes} rows={5} maxLength={longest} defaultValue={value} />
    </FieldFrame>
  );
}
