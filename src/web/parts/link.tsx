import type { ComponentChildren } from 'preact';
import { usePage } from '../page.ts';
import type { Path } from '../paths.ts';
import { hrefOf } from '../routing.ts';

type Props = {
  readonly to: Path;
  readonly section?: string;
  readonly isCurrent?: boolean;
  readonly children: ComponentChildren;
};

/** A link within the page. With a key held down, or by the middle button, it opens as any other. */
export function Link({ to, section = '', isCurrent = false, children }: Props) {
  const { router } = usePage();
  function follow(event: MouseEvent): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.go(to, { section });
  }
  return (
    <a href={hrefOf(to, section)} aria-current={isCurrent ? 'page' : undefined} onClick={follow}>
      {children}
    </a>
  );
}
