import type { Interceptor } from '@connectrpc/connect';
import { personOf } from '../session/session.ts';
import type { Session } from '../session/session.ts';
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
 * repeated: views need not know which calls need that. Whoever does not want to gets the refusal, and so does whoever is not
 * there any more: what he wanted is not done to the account of the next one.
 */
export function createRecentLogin({ state }: Pick<Session, 'state'>): RecentLogin {
  const question = createStore<LoginQuestion | null>(null);
  let asking: Promise<boolean> | null = null;
  const person = () => personOf(state.get());

  function ask(): Promise<boolean> {
    asking ??= new Promise<boolean>((resolve) => {
      const asked = person();
      const answer = (hasLoggedIn: boolean) => {
        unsubscribe();
        asking = null;
        question.set(null);
        resolve(hasLoggedIn);
      };
      const unsubscribe = state.subscribe(() => {
        if (person() !== asked) answer(false);
      });
      question.set({ answer });
    });
    return asking;
  }

  return {
    question,
    interceptor: (next) => async (request) => {
      const caller = person();
      try {
        return await next(request);
      } catch (error) {
        const isAsked = reasonOf(error) === 'RECENT_LOGIN_REQUIRED' && person() === caller;
        if (!isAsked || !(await ask())) throw error;
        return await next(request);
      }
    },
  };
}
