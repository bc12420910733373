import type { Clock, Delay } from '../clock.ts';
import { AppError } from '../errors/app-error.ts';
import type { Replica } from '../revocation/replica.ts';
import type { RevocationView, ToldRevocation } from '../revocation/view.ts';
import type { KeyRing } from '../tokens/key-ring.ts';
import type { SigningKey } from '../tokens/signing-key.ts';

type WatchRevocationsDeps = {
  readonly revocations: Pick<RevocationView, 'revision' | 'history' | 'after'>;
  readonly replica: Pick<Replica, 'reach' | 'completeAsOf' | 'onChange'>;
  readonly keys: Pick<KeyRing, 'list'>;
  readonly clock: Pick<Clock, 'monotonic'>;
  readonly delay: Delay;
};

/** What a watcher is told at once. */
export type RevocationNews = {
  /** Everything up to this revision has been told. */
  readonly revision: number;
  readonly revocations: readonly ToldRevocation[];
  /** The public keys, where they are others than were told before. */
  readonly keys: readonly SigningKey[] | null;
  /** What was committed this many milliseconds after the watch began, or before, has been told; null: there is more to tell. */
  readonly completeUntil: number | null;
};

/** Revocations told at once. Some portions wait in the stream before a watcher that does not read is noticed. */
const PORTION = 250;
/** Milliseconds between two tellings at the most: half of what is promised. */
const CHECKPOINT = 500;

/**
 * Tells what is revoked, and whose roles change, after a revision, for ever. A watcher costs its revision and no queue: what it is told next is read
 * from the view when it has taken what came before, so one that is slow holds nothing up and fills no memory.
 */
export function createWatchRevocations({ revocations, replica, keys, clock, delay }: WatchRevocationsDeps) {
  return async function* watchRevocations(after: number, signal: AbortSignal): AsyncGenerator<RevocationNews> {
    const begunAt = clock.monotonic();
    // Answers of one replica may be ahead of another one by an instant.
    await replica.reach(after);
    const history = revocations.history();
    let told = after;
    let toldKeys = '';
    let changes = 0;
    let wake = () => undefined as void;
    const forget = replica.onChange(() => {
      changes += 1;
      wake();
    });

    try {
      while (!signal.aborted) {
        // Before the look: a change that comes after it is not slept over.
        const seen = changes;
        if (revocations.history() !== history) throw new AppError('REVISION_UNKNOWN');
        const portion = revocations.after(told, PORTION);
        if (!portion) throw new AppError('REVISION_TOO_OLD');
        const isAll = portion.revision === revocations.revision();
        const completeAsOf = replica.completeAsOf();
        const current = keys.list();
        const kids = current.map(({ kid }) => kid).join(' ');

        yield {
          revision: portion.revision,
          revocations: portion.revocations,
          keys: kids === toldKeys ? null : current,
          completeUntil: isAll && Number.isFinite(completeAsOf) ? completeAsOf - begunAt : null,
        };
        told = portion.revision;
        toldKeys = kids;
        if (isAll && changes === seen) await untilWoken((woken) => (wake = woken), signal);
      }
    } finally {
      forget();
    }
  };

  /** Until there is news, until the next checkpoint is due, or the end. */
  async function untilWoken(onWake: (wake: () => void) => void, signal: AbortSignal): Promise<void> {
    const woken = new AbortController();
    onWake(() => woken.abort());
    await delay(CHECKPOINT, AbortSignal.any([signal, woken.signal]));
  }
}

export type WatchRevocations = ReturnType<typeof createWatchRevocations>;
