import { once } from 'node:events';
import type { Place } from '../figure.ts';
import { startNodeProcess } from '../servers/node-process.ts';
import type { Core } from '../servers/pinning.ts';

/** A process with local verifiers that look at one token again and again. */
export type Watcher = {
  /** Resolves when all verifiers have accepted the token, and go on looking at it. */
  readonly watch: (accessToken: string) => Promise<void>;
  /** When each verifier first refused the token as revoked: nanoseconds of the machine's monotonic clock. */
  readonly refusals: () => Promise<readonly bigint[]>;
};

/** To a watcher: where its verifiers connect, one an entry, or the token to look at. */
export type ToWatcher = { readonly ports: readonly number[] } | { readonly accessToken: string };
/** From it, in this order: its verifiers follow the revocations; for each token, all accept it; all have refused it. */
export type FromWatcher =
  'ready' | 'watching' | { readonly refusedAt: readonly bigint[] } | { readonly failure: string };

/** Starts a watcher (watch-token.ts is its end of the line). */
export async function startWatcher(place: Place, core: Core, ports: readonly number[]): Promise<Watcher> {
  const program = new URL('./watch-token.ts', import.meta.url);
  const { child, failed } = startNodeProcess({ ...place, program, core, hasChannel: true });
  const messages: FromWatcher[] = [];
  child.on('message', (message) => messages.push(message as FromWatcher));
  const receive = async () => {
    if (messages.length === 0) await Promise.race([once(child, 'message'), failed]);
    const message = messages.shift();
    if (message === undefined) throw new Error('A watcher was silent.');
    if (typeof message !== 'string' && 'failure' in message) throw new Error(message.failure);
    return message;
  };
  const send = (message: ToWatcher) => child.send(message);

  send({ ports });
  await receive();
  return {
    async watch(accessToken) {
      send({ accessToken });
      await receive();
    },
    async refusals() {
      const message = await receive();
      if (typeof message === 'string') throw new Error(`A watcher said ${message} instead of when.`);
      return message.refusedAt;
    },
  };
}
