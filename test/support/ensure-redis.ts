import { ensureProgram } from './ensure-program.ts';

/** The path of a redis-server, which is installed if it has to be. */
export function ensureRedisBinary(): string {
  return ensureProgram({
    names: ['redis-server'],
    aptPackage: 'redis-server',
    need: 'redis-server 7 or newer',
    ways: ['apt-get install redis-server', 'brew install redis'],
  });
}
