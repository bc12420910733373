/** Hands a bounded number of slots out to the workers, first come, first served. */
type SlotDispenser = {
  readonly take: (worker: number, id: number) => void;
  /** Also takes a request back that still waits. Unknown ones are ignored. */
  readonly giveBack: (worker: number, id: number) => void;
  /** The worker is gone, with all that it held and wanted. */
  readonly forget: (worker: number) => void;
};

type Deps = {
  /** Slots held at once. */
  readonly slots: number;
  readonly grant: (worker: number, id: number) => void;
};

type Ticket = { readonly worker: number; readonly id: number };

/**
 * Milliseconds. The costliest hash takes some seconds. A worker that holds a slot for longer stands still (stopped by
 * somebody, for one) and computes nothing: the others shall not wait for it.
 */
const LONGEST_HASH = 30_000;

export function createSlotDispenser({ slots, grant }: Deps): SlotDispenser {
  let waiting: Ticket[] = [];
  const held = new Map<Ticket, NodeJS.Timeout>();

  function handOut(): void {
    while (held.size < slots) {
      const ticket = waiting.shift();
      if (!ticket) return;
      held.set(
        ticket,
        setTimeout(() => drop((each) => each === ticket), LONGEST_HASH),
      );
      grant(ticket.worker, ticket.id);
    }
  }

  function drop(isMeant: (ticket: Ticket) => boolean): void {
    waiting = waiting.filter((ticket) => !isMeant(ticket));
    for (const [ticket, timer] of held) {
      if (!isMeant(ticket)) continue;
      clearTimeout(timer);
      held.delete(ticket);
    }
    handOut();
  }

  return {
    take(worker, id) {
      waiting.push({ worker, id });
      handOut();
    },
    giveBack: (worker, id) => drop((ticket) => ticket.worker === worker && ticket.id === id),
    forget: (worker) => drop((ticket) => ticket.worker === worker),
  };
}
