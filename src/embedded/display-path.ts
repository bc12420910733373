import { relative } from 'node:path';

/** A path as a person would type it: relative when it lies below the working directory, else absolute. */
export function displayPath(path: string): string {
  const fromHere = relative(process.cwd(), path);
  return fromHere === '' || fromHere.startsWith('..') ? path : fromHere;
}
