import { accessSync, constants } from 'node:fs';
import path from 'node:path';
import { readEnvironment } from '../../src/config/environment.ts';

/** Whether a program can be started by its name. */
export function isOnPath(program: string): boolean {
  return (readEnvironment()['PATH'] ?? '').split(path.delimiter).some((directory) => {
    try {
      accessSync(path.join(directory, program), constants.X_OK);
      return directory !== '';
    } catch {
      return false;
    }
  });
}
