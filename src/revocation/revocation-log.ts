import { firstWord, fourthWord, secondWord, thirdWord, toUuid } from './uuid-words.ts';

/** What an entry tells: that a token or a session is revoked, or that a user has other roles. */
export type RevocationKind = 'token' | 'session' | 'roles';

/** One revocation, as it was taken in. */
export type LoggedRevocation = {
  readonly revision: number;
  readonly kind: RevocationKind;
  /** The jti of a token, the id of a session, or the user whose roles have changed: a UUID. */
  readonly subject: string;
  /** When the last token that it concerns expires, in epoch seconds. */
  readonly expiresAt: number;
  /** Until when it is kept, in seconds of the clock that `dropUntil` is given. */
  readonly keptUntil: number;
};

/**
 * Revocations in the order in which they came, with an index by subject.
 *
 * A million of them as strings in a Map take 150 MB and make the garbage collector slow; here each takes 33 bytes of typed
 * arrays and 8 of the index. The log is a ring: entries are appended at its end and dropped at its beginning.
 */
type RevocationLog = {
  readonly size: () => number;
  readonly has: (subject: string) => boolean;
  readonly append: (revocation: LoggedRevocation) => void;
  /** Keeps a known subject for longer. */
  readonly keepUntil: (subject: string, keptUntil: number) => void;
  /** Those with a higher revision, in order, `limit` at the most. */
  readonly after: (revision: number, limit: number) => LoggedRevocation[];
  /** Drops from the beginning what is not kept any more, `limit` at the most; returns the highest revision dropped, or 0. */
  readonly dropUntil: (now: number, limit: number) => number;
  /** Sets all revisions to 0: the entries stay, and come after none. */
  readonly forgetRevisions: () => void;
};

/** As the ring counts them. */
const KINDS: readonly RevocationKind[] = ['session', 'token', 'roles'];

const SMALLEST = 1024;
/**
 * Slots of the index per entry: half of them stay empty, so that a look-up ends after one or two. That takes subjects whose
 * last word is random, as it is in all UUIDs that this service makes (RFC 9562, versions 4 and 7).
 */
const SLOTS_PER_ENTRY = 2;

export function createRevocationLog(): RevocationLog {
  let ring = createRing(SMALLEST);
  let slots = new Int32Array(SMALLEST * SLOTS_PER_ENTRY);
  let first = 0;
  let size = 0;

  /** Where the nth entry lies; the capacity is a power of two. */
  const at = (nth: number) => (first + nth) & (ring.capacity - 1);
  const home = (lastWord: number) => (Math.imul(lastWord, 0x9e3779b1) >>> 0) & (slots.length - 1);
  const next = (slot: number) => (slot + 1) & (slots.length - 1);

  /** The slot that points to the subject, or the empty one where it would be. */
  function findSlot(subject: string): number {
    // The last word alone decides almost always: the others are read from the text only when it fits.
    const last = fourthWord(subject);
    let slot = home(last);
    for (let place = slots[slot]; place; place = slots[(slot = next(slot))]) {
      const word = (place - 1) * 4;
      if (
        ring.words[word + 3] === last &&
        ring.words[word] === firstWord(subject) &&
        ring.words[word + 1] === secondWord(subject) &&
        ring.words[word + 2] === thirdWord(subject)
      ) {
        break;
      }
    }
    return slot;
  }

  /** The same for the subject of an entry. */
  function findSlotOf(entry: number): number {
    const { words } = ring;
    const [a, b, c] = [words[entry * 4], words[entry * 4 + 1], words[entry * 4 + 2]];
    const d = words[entry * 4 + 3] ?? 0;
    let slot = home(d);
    for (let place = slots[slot]; place; place = slots[(slot = next(slot))]) {
      const word = (place - 1) * 4;
      if (words[word + 3] === d && words[word] === a && words[word + 1] === b && words[word + 2] === c) break;
    }
    return slot;
  }

  function read(place: number): LoggedRevocation {
    const [a = 0, b = 0, c = 0, d = 0] = ring.words.subarray(place * 4, place * 4 + 4);
    return {
      revision: ring.revisions[place] ?? 0,
      kind: KINDS[ring.kinds[place] ?? 0] ?? 'session',
      subject: toUuid(a, b, c, d),
      expiresAt: ring.expiresAt[place] ?? 0,
      keptUntil: ring.keptUntil[place] ?? 0,
    };
  }

  function resize(capacity: number): void {
    const resized = createRing(capacity);
    for (let nth = 0; nth < size; nth++) copyEntry(ring, at(nth), resized, nth);
    ring = resized;
    first = 0;
    slots = new Int32Array(capacity * SLOTS_PER_ENTRY);
    // In order, so that of two entries of one subject the later one is found.
    for (let place = 0; place < size; place++) slots[findSlotOf(place)] = place + 1;
  }

  /** Empties a slot and moves up what was put further only because it was taken. */
  function clearSlot(slot: number): void {
    let gap = slot;
    for (let probe = next(gap); ; probe = next(probe)) {
      const place = slots[probe];
      if (!place) break;
      const wanted = home(ring.words[(place - 1) * 4 + 3] ?? 0);
      // It may move into the gap if the gap lies on its way: from its home, cyclically, not after where it is.
      const mask = slots.length - 1;
      if (((probe - wanted) & mask) >= ((probe - gap) & mask)) {
        slots[gap] = place;
        gap = probe;
      }
    }
    slots[gap] = 0;
  }

  return {
    size: () => size,
    has: (subject) => slots[findSlot(subject)] !== 0,
    append({ revision, kind, subject, expiresAt, keptUntil }) {
      if (size === ring.capacity) resize(ring.capacity * 2);
      const place = at(size);
      size += 1;
      ring.words[place * 4] = firstWord(subject);
      ring.words[place * 4 + 1] = secondWord(subject);
      ring.words[place * 4 + 2] = thirdWord(subject);
      ring.words[place * 4 + 3] = fourthWord(subject);
      ring.revisions[place] = revision;
      ring.expiresAt[place] = expiresAt;
      ring.keptUntil[place] = Math.ceil(keptUntil);
      ring.kinds[place] = KINDS.indexOf(kind);
      slots[findSlot(subject)] = place + 1;
    },
    keepUntil(subject, keptUntil) {
      const place = slots[findSlot(subject)];
      if (place) ring.keptUntil[place - 1] = Math.max(ring.keptUntil[place - 1] ?? 0, Math.ceil(keptUntil));
    },
    after(revision, limit) {
      let low = 0;
      for (let high = size; low < high;) {
        const middle = (low + high) >>> 1;
        if ((ring.revisions[at(middle)] ?? 0) > revision) high = middle;
        else low = middle + 1;
      }
      return Array.from({ length: Math.min(limit, size - low) }, (_, index) => read(at(low + index)));
    },
    dropUntil(now, limit) {
      let dropped = 0;
      for (let count = 0; count < limit && size > 0; count++) {
        if ((ring.keptUntil[first] ?? 0) >= now) break;
        dropped = Math.max(dropped, ring.revisions[first] ?? 0);
        const slot = findSlotOf(first);
        // A later entry of the same subject has taken the slot over, and keeps it.
        if (slots[slot] === first + 1) clearSlot(slot);
        first = at(1);
        size -= 1;
      }
      if (ring.capacity > SMALLEST && size < ring.capacity / 8) resize(ring.capacity / 4);
      return dropped;
    },
    forgetRevisions: () => void ring.revisions.fill(0),
  };
}

type Ring = ReturnType<typeof createRing>;

/** The columns of the entries. Revisions go beyond 32 bits; times are whole seconds. */
function createRing(capacity: number) {
  return {
    capacity,
    words: new Uint32Array(capacity * 4),
    revisions: new Float64Array(capacity),
    expiresAt: new Uint32Array(capacity),
    keptUntil: new Uint32Array(capacity),
    kinds: new Uint8Array(capacity),
  };
}

function copyEntry(from: Ring, source: number, to: Ring, target: number): void {
  for (let word = 0; word < 4; word++) to.words[target * 4 + word] = from.words[source * 4 + word] ?? 0;
  to.revisions[target] = from.revisions[source] ?? 0;
  to.expiresAt[target] = from.expiresAt[source] ?? 0;
  to.keptUntil[target] = from.keptUntil[source] ?? 0;
  to.kinds[target] = from.kinds[source] ?? 0;
}
