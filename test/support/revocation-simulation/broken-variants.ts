import type { Flaws } from './process.ts';

/** The protocol built wrongly, and how one would say what is wrong: a simulation that misses one of them proves nothing. */
export const BROKEN_VARIANTS: readonly (readonly [name: string, flaws: Flaws])[] = [
  ['counts the lease from the answer', { leaseFromAnswer: true }],
  ['does not look at its lease', { noLeaseCheck: true }],
  ['does not wait after a lost announcement', { noWaiting: true }],
  ['does not wait when Redis is lost', { noWaitWithoutRedis: true }],
  ['remembers that a token was not revoked, whatever the revision', { memoWithoutRevision: true }],
  ['knows a revision before its entries', { revisionBeforeEntries: true }],
  ['waits for as long as its own lease is', { waitsOwnLease: true }],
  ['registers replicas without the lock', { registersWithoutLock: true }],
  ['grants leases to replicas that are off the list', { grantsToAnybody: true }],
  ['lets a touch bring replicas back on the list', { touchesAnybody: true }],
];
