import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../clock.ts';
import type { Channel } from './channel.ts';

type Options = {
  readonly directory: string;
  readonly clock: Pick<Clock, 'now'>;
  /** Shows a message to the person in front of the terminal; null: nobody is there. */
  readonly print: ((text: string) => void) | null;
};

/** Messages as files, for a machine that has no provider. They hold codes and links: only their owner may read them. */
export function createFileChannel({ directory, clock, print }: Options): Channel {
  return {
    async send({ id, channel, recipient, text, mail }) {
      const time = new Date(clock.now()).toISOString().replaceAll(':', '-');
      const file = path.join(directory, `${time}-${id}.txt`);
      const head = [`To: ${recipient}`, `Channel: ${channel}`, ...(mail ? [`Subject: ${mail.subject}`] : [])];
      const page = `${head.join('\n')}\n\n${text.trimEnd()}\n`;
      try {
        await mkdir(directory, { recursive: true, mode: 0o700 });
        await writeFile(file, page, { mode: 0o600, flag: 'wx' });
      } catch (error) {
        return { outcome: 'retry', error: `The file cannot be written: ${(error as Error).message}` };
      }
      print?.(`\nNot sent, there is no provider; written to ${file}:\n\n${page.replaceAll(/^(?=.)/gm, '  ')}`);
      return { outcome: 'sent' };
    },
    close: () => undefined,
  };
}
