import { createStore } from './store.ts';
import type { Store } from './store.ts';
import type { Language } from './texts/languages.ts';
import { isLanguage, preferredLanguage } from './texts/languages.ts';

/** `auto`: as the system has it. */
export const THEMES = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof THEMES)[number];

/** What a person has chosen here, and all that is ever stored beside the key. */
export type Preferences = { readonly language: Store<Language>; readonly theme: Store<Theme> };

type Deps = {
  /** It throws where the browser is told to keep nothing; then choices hold as long as the page does. */
  readonly storage: () => Pick<Storage, 'getItem' | 'setItem'>;
  /** In the order of preference, as the browser says them. */
  readonly languages: readonly string[];
  readonly root: HTMLElement;
};

export function createPreferences({ storage, languages, root }: Deps): Preferences {
  const storedLanguage = attempt(() => storage().getItem('language'));
  const storedTheme = attempt(() => storage().getItem('theme'));
  const language = createStore(isLanguage(storedLanguage) ? storedLanguage : preferredLanguage(languages));
  const theme = createStore(THEMES.find((name) => name === storedTheme) ?? 'auto');
  const apply = () => {
    root.lang = language.get();
    root.dataset['theme'] = theme.get();
  };
  apply();
  language.subscribe(() => {
    attempt(() => storage().setItem('language', language.get()));
    apply();
  });
  theme.subscribe(() => {
    attempt(() => storage().setItem('theme', theme.get()));
    apply();
  });
  return { language, theme };
}

function attempt<T>(work: () => T): T | null {
  try {
    return work();
  } catch {
    return null;
  }
}
