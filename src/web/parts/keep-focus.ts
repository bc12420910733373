/**
 * Whoever works by keyboard is not thrown back to the beginning of the page when the button that he has pressed is gone with its
 * row: he goes on at what has happened, or at the heading.
 */
export function keepFocus(root: HTMLElement): void {
  let last: Element | null = null;
  root.addEventListener('focusin', ({ target }) => (last = target instanceof Element ? target : null));
  new MutationObserver(() => {
    if (!last || last.isConnected || document.activeElement !== document.body) return;
    const place = root.querySelector('dialog[open]') ?? root.querySelector('main');
    place?.querySelector<HTMLElement>('.notice[tabindex]')?.focus();
    if (document.activeElement === document.body) place?.querySelector<HTMLElement>('h1, h2')?.focus();
  }).observe(root, { childList: true, subtree: true });
}
