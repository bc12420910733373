import { isOurs } from './messages.ts';
import type { FromPrimary, FromWorker } from './messages.ts';

/** A worker's end of the channel to its primary. */
type PrimaryChannel = {
  /** Resolves when it is sent. */
  readonly tell: (message: FromWorker) => Promise<void>;
  readonly listen: (hear: (message: FromPrimary) => void) => void;
  /** Resolves with the first message of a kind. */
  readonly heard: <K extends FromPrimary['kind']>(kind: K) => Promise<Extract<FromPrimary, { kind: K }>>;
};

export function openPrimaryChannel(): PrimaryChannel {
  const hearers = new Set<(message: FromPrimary) => void>();
  process.on('message', (message) => {
    if (isOurs(message)) for (const hear of hearers) hear(message as FromPrimary);
  });

  return {
    tell: (message) =>
      new Promise((resolve, reject) => {
        if (!process.send) return reject(new Error('This process has no primary.'));
        process.send(message, undefined, undefined, (error) => (error ? reject(error) : resolve()));
      }),
    listen: (hear) => void hearers.add(hear),
    heard: (kind) =>
      new Promise((resolve) => {
        hearers.add(function hear(message) {
          if (message.kind !== kind) return;
          hearers.delete(hear);
          resolve(message as Extract<FromPrimary, { kind: typeof kind }>);
        });
      }),
  };
}
