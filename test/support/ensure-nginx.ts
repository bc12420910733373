import { ensureProgram } from './ensure-program.ts';

/** The path of an nginx, which is installed if it has to be. */
export function ensureNginx(): string {
  return ensureProgram({
    names: ['nginx'],
    aptPackage: 'nginx-light',
    need: 'nginx',
    ways: ['apt-get install nginx-light', 'brew install nginx'],
  });
}
