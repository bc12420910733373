import bcrypt from 'bcrypt';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';

/** Checks one password against one hash and does nothing else. */
export type CompareHashes = { readonly password: string; readonly hash: string; readonly atOnce: number };

drive<CompareHashes>(async ({ password, hash, atOnce }) =>
  closedLoop({
    lanes: atOnce,
    async call() {
      if (!(await bcrypt.compare(password, hash))) throw new Error('A right password was found wrong.');
    },
  }),
);
