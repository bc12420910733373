import { unwatchFile, watchFile } from 'node:fs';
import { isIPv6 } from 'node:net';
import { open } from 'maxmind';
import type { Reader } from 'maxmind';
import { StartProblem } from '../errors/start-problem.ts';
import { toLocation } from './location.ts';
import type { Location } from './location.ts';

/** Where an address is, as far as it is known. It never throws: a place is a guess, and nothing hangs on it. */
export type Locate = (address: string) => Location | null;

type Places = { readonly locate: Locate; readonly close: () => void };

type Options = {
  /** A database in the format of MaxMind (.mmdb); undefined: nothing is known of any address. */
  readonly file: string | undefined;
  readonly onProblem: (error: unknown) => void;
  /** Milliseconds between two looks at whether the file is another one. */
  readonly watchInterval: number;
};

/**
 * Opens the database, and opens it again when the file has changed. One that cannot be read, a half-written one perhaps, is
 * told, and the one before goes on.
 * @throws StartProblem when it cannot be read at the start
 */
export async function openPlaces({ file, onProblem, watchInterval }: Options): Promise<Places> {
  if (file === undefined) return { locate: () => null, close: () => undefined };

  // Not the library's own watching: a file that it cannot read then would end the process.
  let reader = await open<never>(file).catch((cause: unknown) => {
    throw new StartProblem(
      `GEOIP_DATABASE (${file}) cannot be read as a database of MaxMind's format: ${(cause as Error).message}`,
      { cause },
    );
  });
  let opening = Promise.resolve();
  const reopen = async () => {
    reader = await open<never>(file);
  };
  const onChange = () => {
    opening = opening.then(reopen).catch(onProblem);
  };
  watchFile(file, { persistent: false, interval: watchInterval }, onChange);

  return {
    locate(address) {
      try {
        return toLocation(find(reader, address));
      } catch (error) {
        onProblem(error);
        return null;
      }
    },
    close() {
      unwatchFile(file, onChange);
    },
  };
}

function find(reader: Reader<never>, address: string): unknown {
  // An IPv4 address that is written as IPv6 is where databases differ.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  // The library would follow the first bits of it into the tree of IPv4.
  return isIPv6(plain) && reader.metadata.ipVersion === 4 ? null : reader.get(plain);
}
