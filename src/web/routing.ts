import { PATHS } from './paths.ts';
import type { Path } from './paths.ts';
import { createStore } from './store.ts';
import type { Store } from './store.ts';

export type Route = {
  /** Null: there is nothing. */
  readonly path: Path | null;
  /** A part of the view. */
  readonly section: string;
  /** Of a link in a message; empty: there was none. */
  readonly token: string;
};

export type Router = {
  readonly route: Pick<Store<Route>, 'get' | 'subscribe'>;
  readonly go: (path: Path, options?: { readonly section?: string; readonly replace?: boolean }) => void;
  /** @returns the same, from here: it does nothing when the person has gone somewhere else meanwhile */
  readonly fromHere: () => Router['go'];
};

/** The address that leads to a view. */
export function hrefOf(path: Path, section = ''): string {
  return section === '' ? path : `${path}?${new URLSearchParams({ section }).toString()}`;
}

export function createRouter(window: Window): Router {
  const { history, location } = window;

  /** The token of a link is taken out of the address at once: it is not for the history, nor for who looks over the shoulder. */
  function read(): Route {
    const token = new URLSearchParams(location.hash.slice(1)).get('token') ?? '';
    if (location.hash !== '') history.replaceState(null, '', location.pathname + location.search);
    return {
      path: PATHS.find((path) => path === location.pathname) ?? null,
      section: new URLSearchParams(location.search).get('section') ?? '',
      token,
    };
  }

  const route = createStore(read());
  window.addEventListener('popstate', () => route.set(read()));
  const go: Router['go'] = (path, { section = '', replace = false } = {}) => {
    const href = hrefOf(path, section);
    if (replace) history.replaceState(null, '', href);
    else history.pushState(null, '', href);
    route.set({ path, section, token: '' });
  };
  return {
    route,
    go,
    fromHere() {
      const here = route.get();
      return (...to) => {
        if (route.get() === here) go(...to);
      };
    },
  };
}
