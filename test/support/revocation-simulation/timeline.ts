/** Simulated time: what happens, in the order of its moments. Nothing here is real but the order. */
export type Timeline = {
  /** Milliseconds since the beginning of the simulation. */
  readonly now: () => number;
  readonly at: (moment: number, what: () => void) => void;
  readonly after: (milliseconds: number, what: () => void) => void;
  /** Lets everything happen up to the moment. Promises that an event has settled are carried through before the next. */
  readonly runUntil: (moment: number) => Promise<void>;
};

type Event = { readonly moment: number; readonly order: number; readonly what: () => void };

export function createTimeline(): Timeline {
  const heap: Event[] = [];
  let time = 0;
  let count = 0;

  const isBefore = (a: Event, b: Event) => a.moment < b.moment || (a.moment === b.moment && a.order < b.order);
  function push(event: Event): void {
    let at = heap.push(event) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      const above = heap[parent] as Event;
      if (isBefore(above, event)) break;
      heap[at] = above;
      at = parent;
    }
    heap[at] = event;
  }
  function pop(): Event | undefined {
    const first = heap[0];
    const last = heap.pop();
    if (!first || !last || heap.length === 0) return first;
    let at = 0;
    for (;;) {
      let child = at * 2 + 1;
      const left = heap[child];
      if (!left) break;
      const right = heap[child + 1];
      if (right && isBefore(right, left)) child += 1;
      const smaller = heap[child] as Event;
      if (isBefore(last, smaller)) break;
      heap[at] = smaller;
      at = child;
    }
    heap[at] = last;
    return first;
  }

  const at = (moment: number, what: () => void) => push({ moment: Math.max(moment, time), order: (count += 1), what });
  return {
    now: () => time,
    at,
    after: (milliseconds, what) => at(time + milliseconds, what),
    async runUntil(moment) {
      for (;;) {
        const next = heap[0];
        if (!next || next.moment > moment) break;
        pop();
        time = next.moment;
        next.what();
        // Node runs a tick when no promise is left to be carried on; a turn of the event loop would do it too, much slower.
        await new Promise<void>((resolve) => process.nextTick(resolve));
      }
      time = moment;
      // Ticks let nothing else have its turn: time-outs and signals of the real world.
      await new Promise<void>((resolve) => setImmediate(resolve));
    },
  };
}
