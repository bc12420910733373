/** Values that are taken, one after the other, by an asynchronous loop, which waits for them. */
export type QuestionQueue<Value> = {
  readonly push: (value: Value) => void;
  /** Ends the loop when it has taken what is there. */
  readonly end: () => void;
  readonly values: () => AsyncIterable<Value>;
};

export function createQuestionQueue<Value>(): QuestionQueue<Value> {
  let waiting: Value[] = [];
  let isEnded = false;
  let wake: () => void = () => undefined;

  async function* values(): AsyncGenerator<Value> {
    for (;;) {
      const batch = waiting;
      waiting = [];
      for (const value of batch) yield value;
      if (waiting.length > 0) continue;
      if (isEnded) return;
      await new Promise<void>((resolve) => (wake = resolve));
    }
  }

  return {
    push(value) {
      waiting.push(value);
      wake();
    },
    end() {
      isEnded = true;
      wake();
    },
    values,
  };
}
