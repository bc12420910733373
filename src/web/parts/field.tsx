import type { ComponentChildren } from 'preact';
import { useContext, useEffect, useId, useRef } from 'preact/hooks';
import { useTexts } from '../page.ts';
import { ProblemsContext } from './form.tsx';

type FrameProps = {
  readonly id: string;
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly children: ComponentChildren;
};

/** What is wrong with a field, in the words of the page. Empty: nothing. */
function useProblem(name: string): string {
  const { fields } = useTexts();
  const problem = useContext(ProblemsContext).get(name);
  if (problem === undefined) return '';
  const known: Readonly<Record<string, string>> = fields.problems;
  return problem === 'empty' ? fields.empty : (known[name] ?? fields.refused);
}

/** What a field and its label, hint and problem have in common. */
export function useField(name: string, isRequired: boolean) {
  const id = useId();
  const problem = useProblem(name);
  const attributes = {
    id,
    name,
    'aria-required': isRequired || undefined,
    'aria-invalid': problem === '' ? undefined : true,
    'aria-describedby': `${id}-hint ${id}-problem`,
  } as const;
  return { id, attributes };
}

/** Browsers heed `autofocus` where a dialog opens, and not where a field is drawn later. */
export function useFocus(hasFocus = false) {
  const element = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (hasFocus) element.current?.focus();
  }, []);
  return element;
}

export function FieldFrame({ id, name, label, hint, children }: FrameProps) {
  const problem = useProblem(name);
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children}
      <div id={`${id}-hint`} class="field-hint">
        {problem === '' && hint}
      </div>
      <div id={`${id}-problem`} class="field-problem">
        {problem}
      </div>
    </div>
  );
}

/** How a line of text is typed. */
export type Typing = {
  readonly inputMode?: 'email' | 'numeric' | 'tel';
  readonly autoComplete?: string;
  readonly autoCapitalize?: 'none' | 'words';
  readonly autoFocus?: boolean;
  readonly maxLength?: number;
  readonly defaultValue?: string;
  readonly class?: string;
  readonly onInput?: (event: InputEvent & { readonly currentTarget: HTMLInputElement }) => unknown;
};

type Props = {
  /** As in the request. */
  readonly name: string;
  readonly label: string;
  readonly hint?: ComponentChildren;
  readonly isOptional?: boolean;
  readonly input?: Typing;
};

/** A field for one line of text. */
export function Field({ name, label, hint, isOptional = false, input }: Props) {
  const texts = useTexts();
  const { id, attributes } = useField(name, !isOptional);
  const fullLabel = isOptional ? `${label} (${texts.fields.optional})` : label;
  const element = useFocus(input?.autoFocus);
  return (
    <FieldFrame id={id} name={name} label={fullLabel} hint={hint}>
      <input ref={element} type="text" autoCapitalize="none" spellcheck={false} {...input} {...attributes} />
    </FieldFrame>
  );
}
