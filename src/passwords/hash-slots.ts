/** The right to compute one hash, where several processes share the cores of a machine. */
export type HashSlots = {
  /** Resolves, when there is a slot, with how to give it back. Rejects when the signal is aborted before. */
  readonly take: (signal?: AbortSignal) => Promise<() => void>;
};

/** Works when there is a slot, and gives it back. */
export async function inHashSlot<T>(slots: HashSlots, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  const giveBack = await slots.take(signal);
  try {
    // It may have come in the same moment as the end of the patience.
    signal?.throwIfAborted();
    return await work();
  } finally {
    giveBack();
  }
}
