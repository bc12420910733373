import type { Interceptor } from '@connectrpc/connect';
import { createStore } from '../store.ts';
import type { Store } from '../store.ts';
import { reasonOf } from './failure.ts';

/** A question that waits for the person: to log in once more. */
export type LoginQuestion = { readonly answer: (hasLoggedIn: boolean) => void };

export type RecentLogin = {
  readonly interceptor: Interceptor;
  /** The dialog shows it; null: nothing is asked. */
  readonly question: Pick<Store<LoginQuestion | null>, 'get' | 'subscribe'>;
};

/**
 * What could take an account over needs a login of the last minutes. The person is asked for one then, and the call is
 * repeated: views need not know which calls need that. Whoever does not want to gets the refusal.
 */
export function createRecentLogin(): RecentLogin {
  const question = createStore<LoginQuestion | null>(null);
  let asking: Promise<boolean> | null = null;

  function ask(): Promise<boolean> {
    asking ??= new Promise<boolean>((resolve) => question.set({ answer: resolve })).finally(() => {
      question.set(null);
      asking = null;
    });
    return asking;
  }

  return {
    question,
    interceptor: (next) => async (request) => {
      try {
        return await next(request);
      } catch (error) {
        if (reasonOf(error) !== 'RECENT_LOGIN_REQUIRED' || !(await ask())) throw error;
        return await next(request);
      }
    },
  };
}
