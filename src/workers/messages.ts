/** Where it is served. */
export type Address = { readonly host: string; readonly port: number };

/** Where a process serves: gRPC, and browsers where it does. */
export type Served = { readonly address: Address; readonly gateway: Address | null };

/** Why a worker could not start or stop. */
export type Failure = {
  /** Written for people: the message alone says it. */
  readonly isForPeople: boolean;
  readonly message: string;
  readonly stack: string | undefined;
};

/** What the primary tells a worker. */
export type FromPrimary =
  | {
      readonly kind: 'start';
      /** 1 to WORKERS; a replacement has the number of the one before. */
      readonly worker: number;
      /** By message, not by environment: the embedded set-up has secrets that are in a file of its owner only. */
      readonly settings: Readonly<Record<string, string | undefined>>;
      readonly logFile: string | null;
    }
  | { readonly kind: 'stop' }
  | { readonly kind: 'message'; readonly channel: string; readonly text: string }
  | { readonly kind: 'slot'; readonly id: number };

/** What a worker tells the primary. */
export type FromWorker =
  | { readonly kind: 'serving'; readonly served: Served }
  | { readonly kind: 'failed'; readonly failure: Failure }
  | { readonly kind: 'publish'; readonly channel: string; readonly text: string }
  | { readonly kind: 'take slot'; readonly id: number }
  | { readonly kind: 'give slot back'; readonly id: number };

/** Libraries send messages of their own between the two (the rate limiter does); they have no `kind`. */
export function isOurs(message: unknown): message is { readonly kind: string } {
  return typeof message === 'object' && message !== null && 'kind' in message;
}
