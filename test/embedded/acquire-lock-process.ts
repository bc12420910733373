import { acquireInstanceLock } from '../../src/embedded/instance-lock.ts';
import { StartProblem } from '../../src/errors/start-problem.ts';

/*
 * A process of its own that tries to take the lock of a directory and keeps it until its standard input ends, for tests
 * of races and of kill -9. Arguments: directory, the millisecond (of Date.now) at which to try. Prints "won" or
 * "lost: <message>".
 */
const [directory = '', at = '0'] = process.argv.slice(2);
while (Date.now() < Number(at)); // busy, to hit the moment as exactly as two processes can
try {
  await acquireInstanceLock(directory);
  console.log('won');
  process.stdin.resume();
} catch (error) {
  if (!(error instanceof StartProblem)) throw error;
  console.log(`lost: ${error.message}`);
}
