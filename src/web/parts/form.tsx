import { createContext } from 'preact';
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Action } from '../calls/use-action.ts';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './notices.tsx';

/** What is wrong with fields, by name: `empty`, or whatever the service has found. */
export type Problems = ReadonlyMap<string, 'empty' | 'refused'>;

export const ProblemsContext = createContext<Problems>(new Map());

/** What was typed, by field. */
export type Values = (field: string) => string;

type Props = {
  readonly action: Action;
  /** Called with what was typed when all that is required is there. */
  readonly onSubmit: (values: Values) => void;
  /** Called with every try, whatever is missing: what came of the one before is over. */
  readonly onTry?: () => void;
  readonly submit: string;
  readonly children: ComponentChildren;
  readonly more?: ComponentChildren;
};

/** A form whose fields have the names that the request has, so that what the service says of a field is shown there. */
export function Form({ action, onSubmit, onTry, submit, children, more }: Props) {
  const texts = useTexts();
  const form = useRef<HTMLFormElement>(null);
  const [empty, setEmpty] = useState<readonly string[]>([]);
  const { failure, isPending } = action;
  const problems: Problems = new Map([
    ...[...(failure?.fields.keys() ?? [])].map((name) => [name, 'refused'] as const),
    ...empty.map((name) => [name, 'empty'] as const),
  ]);

  useEffect(() => {
    form.current?.querySelector<HTMLElement>('[aria-invalid="true"]')?.focus();
  }, [failure, empty]);

  function send(event: SubmitEvent): void {
    event.preventDefault();
    if (!form.current || isPending) return;
    onTry?.();
    const required = [...form.current.querySelectorAll<HTMLInputElement>('[aria-required="true"]')];
    const missing = required.filter(({ value }) => value.trim() === '').map(({ name }) => name);
    setEmpty(missing);
    const data = new FormData(form.current);
    const textOf = (field: string) => {
      const value = data.get(field);
      return typeof value === 'string' ? value : '';
    };
    if (missing.length === 0) onSubmit(textOf);
  }

  return (
    <form ref={form} noValidate onSubmit={send}>
      <ProblemsContext.Provider value={problems}>{children}</ProblemsContext.Provider>
      <FailureNotice failure={empty.length > 0 ? null : failure} />
      <div class="actions">
        <Button type="submit" look="main" isPending={isPending}>
          {isPending ? texts.wait : submit}
        </Button>
        {more}
      </div>
    </form>
  );
}
