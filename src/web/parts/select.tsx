import { FieldFrame, useField } from './field.tsx';

type Props = {
  readonly name: string;
  readonly label: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly value: string;
  readonly autoComplete?: string;
};

/** One of several, in a form. */
export function SelectField({ name, label, options, value, autoComplete }: Props) {
  const { id, attributes } = useField(name, false);
  return (
    <FieldFrame id={id} name={name} label={label}>
      <select {...attributes} autoComplete={autoComplete}>
        {options.map(([option, text]) => (
          <option key={option} value={option} selected={option === value}>
            {text}
          </option>
        ))}
      </select>
    </FieldFrame>
  );
}

type ChooserProps = {
  readonly label: string;
  readonly options: readonly (readonly [value: string, text: string])[];
  readonly value: string;
  readonly onChoose: (value: string) => void;
};

/** One of several, which holds as soon as it is chosen. */
export function Chooser({ label, options, value, onChoose }: ChooserProps) {
  return (
    <label class="chooser">
      <span class="unseen">{label}</span>
      <select value={value} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {options.map(([option, text]) => (
          <option key={option} value={option}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}
