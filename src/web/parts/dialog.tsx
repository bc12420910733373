import type { ComponentChildren } from 'preact';
import { useEffect, useId, useRef } from 'preact/hooks';
import type { Action } from '../calls/use-action.ts';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';
import { FailureNotice } from './notices.tsx';

type Props = {
  readonly title: string;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
};

/** A question before everything else. The browser keeps the focus in it, and closes it by Escape; then the focus is where it was. */
export function Dialog({ title, onClose, children }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    element?.showModal();
    return () => {
      element?.close();
      // A dialog that is taken out of the document forgets who had the focus.
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  return (
    <dialog ref={dialog} aria-labelledby={id} onCancel={onClose}>
      <h2 id={id} tabIndex={-1}>
        {title}
      </h2>
      {children}
    </dialog>
  );
}

type ConfirmProps = Props & { readonly action: Action; readonly confirm: string; readonly onConfirm: () => void };

/** Asks before something that cannot be taken back. */
export function ConfirmDialog({ title, onClose, children, action, confirm, onConfirm }: ConfirmProps) {
  const texts = useTexts();
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <FailureNotice failure={action.failure} />
      <div class="actions">
        <Button look="danger" isPending={action.isPending} onClick={onConfirm}>
          {confirm}
        </Button>
        <Button hasFocus onClick={onClose}>
          {texts.cancel}
        </Button>
      </div>
    </Dialog>
  );
}
