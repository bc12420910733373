import { useEffect, useRef, useState } from 'preact/hooks';
import { failureOf } from './failure.ts';
import type { Failure } from './failure.ts';

export type Action = {
  readonly isPending: boolean;
  readonly failure: Failure | null;
  /** Does the work, and keeps why it failed. @returns whether it has succeeded */
  readonly run: (work: () => Promise<unknown>) => Promise<boolean>;
  /** Why it failed is of no interest any more. */
  readonly forget: () => void;
};

/** Something that a person does: one at a time, so that a second click does nothing twice. */
export function useAction(): Action {
  const [isPending, setPending] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  const isRunning = useRef(false);

  async function run(work: () => Promise<unknown>): Promise<boolean> {
    if (isRunning.current) return false;
    isRunning.current = true;
    setPending(true);
    setFailure(null);
    try {
      await work();
      return true;
    } catch (error) {
      setFailure(failureOf(error));
      return false;
    } finally {
      isRunning.current = false;
      setPending(false);
    }
  }
  return { isPending, failure, run, forget: () => setFailure(null) };
}

export type Loaded<T> = {
  readonly value: T | null;
  readonly failure: Failure | null;
  readonly reload: () => Promise<void>;
};

/** Something that a view shows, asked for when it is drawn first. What is there stays while it is asked for again. */
export function useLoaded<T>(load: () => Promise<T>): Loaded<T> {
  const [value, setValue] = useState<T | null>(null);
  const [failure, setFailure] = useState<Failure | null>(null);
  const latest = useRef(load);
  latest.current = load;
  const asked = useRef(0);

  async function reload(): Promise<void> {
    const number = (asked.current += 1);
    // Of several that are asked at once the one that was asked last tells how things are.
    const isLatest = () => asked.current === number;
    try {
      const loaded = await latest.current();
      if (!isLatest()) return;
      setValue(() => loaded);
      setFailure(null);
    } catch (error) {
      if (isLatest()) setFailure(failureOf(error));
    }
  }
  useEffect(() => void reload(), []);
  return { value, failure, reload };
}
