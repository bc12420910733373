import type { ComponentChildren } from 'preact';

type Props = {
  readonly children: ComponentChildren;
  readonly onClick?: () => void;
  readonly type?: 'button' | 'submit';
  readonly look?: 'main' | 'plain' | 'danger' | 'link';
  readonly isPending?: boolean;
  readonly disabled?: boolean;
  /** The one that a dialog opens with. */
  readonly hasFocus?: boolean;
};

/** While it waits it keeps its focus and its size: `disabled` would throw the focus away. */
export function Button({ children, onClick, type = 'button', look = 'plain', isPending = false, ...more }: Props) {
  const { disabled, hasFocus } = more;
  return (
    <button
      type={type}
      class={`button ${look}`}
      aria-busy={isPending}
      aria-disabled={isPending || undefined}
      disabled={disabled}
      autoFocus={hasFocus}
      onClick={onClick && (() => !isPending && onClick())}
    >
      {children}
    </button>
  );
}

/** A word for who does not see which line a button stands in. */
export function Unseen({ children }: { readonly children: ComponentChildren }) {
  return <span class="unseen"> {children}</span>;
}
