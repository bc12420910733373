import { createContext } from 'preact';
import { useContext, useEffect, useState } from 'preact/hooks';
import type { Calls } from './calls/calls.ts';
import type { RecentLogin } from './calls/recent-login.ts';
import type { Preferences } from './preferences.ts';
import type { Router } from './routing.ts';
import type { Session } from './session/session.ts';
import type { Store } from './store.ts';
import { textsOf } from './texts/texts.ts';
import type { Texts } from './texts/texts.ts';
import type { Language } from './texts/languages.ts';

/** What views are given. */
export type Page = {
  readonly calls: Calls;
  readonly session: Session;
  readonly recentLogin: Pick<RecentLogin, 'question'>;
  readonly router: Router;
  readonly preferences: Preferences;
};

export const PageContext = createContext<Page | null>(null);

export function usePage(): Page {
  const page = useContext(PageContext);
  if (!page) throw new Error('A view is drawn within PageContext only.');
  return page;
}

/** What a store holds, at any time. */
export function useStore<T>(store: Pick<Store<T>, 'get' | 'subscribe'>): T {
  const [value, setValue] = useState(store.get());
  useEffect(() => {
    const update = () => setValue(() => store.get());
    // It may have changed since it was drawn.
    update();
    return store.subscribe(update);
  }, [store]);
  return value;
}

export function useLanguage(): Language {
  return useStore(usePage().preferences.language);
}

export function useTexts(): Texts {
  return textsOf(useLanguage());
}
