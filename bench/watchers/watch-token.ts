import { setTimeout as delay } from 'node:timers/promises';
import { createTokenVerifier } from '../../src/client/client.ts';
import type { TokenVerifier } from '../../src/client/client.ts';
import type { FromWatcher, ToWatcher } from './watcher.ts';

/** Looking more often would take processor time from what is measured; up to that much is added to each time. */
const LOOK_EVERY_MS = 1;
/** A verifier whose stream is late has to wait for it: asking the server would hide how late it is. */
const GIVE_UP_MS = 30_000;

const send = (message: FromWatcher) => process.send?.(message);
let verifiers: readonly TokenVerifier[] = [];

process.on('message', (message: ToWatcher) => {
  void obey(message).catch((error: unknown) =>
    send({ failure: error instanceof Error ? (error.stack ?? error.message) : String(error) }),
  );
});
process.once('disconnect', () => process.exit(0));

async function obey(message: ToWatcher): Promise<void> {
  if ('ports' in message) {
    verifiers = message.ports.map((port) =>
      createTokenVerifier({ address: `127.0.0.1:${port}`, maxStaleness: GIVE_UP_MS }),
    );
    await Promise.all(verifiers.map((verifier) => verifier.ready()));
    send('ready');
    return;
  }
  const { accessToken } = message;
  if (verifiers.some((verifier) => isRevoked(verifier, accessToken))) throw new Error('A live token was refused.');
  send('watching');
  send({ refusedAt: await Promise.all(verifiers.map((verifier) => firstRefusal(verifier, accessToken))) });
}

async function firstRefusal(verifier: TokenVerifier, accessToken: string): Promise<bigint> {
  const giveUpAt = performance.now() + GIVE_UP_MS;
  while (!isRevoked(verifier, accessToken)) {
    if (performance.now() > giveUpAt) throw new Error('A revoked token is still accepted.');
    await delay(LOOK_EVERY_MS);
  }
  return process.hrtime.bigint();
}

function isRevoked(verifier: TokenVerifier, accessToken: string): boolean {
  const answer = verifier.verify(accessToken);
  if (answer instanceof Promise) throw new Error('A verifier had to ask the server: its stream is late.');
  if (answer.problem && answer.problem.reason !== 'TOKEN_REVOKED') throw new Error(answer.problem.message);
  return answer.problem !== undefined;
}
