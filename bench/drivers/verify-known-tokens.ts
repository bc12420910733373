import { setImmediate } from 'node:timers/promises';
import { createTokenVerifier } from '../../src/client/client.ts';
import type { Verification } from '../../src/client/client.ts';
import { drive } from './drive.ts';
import { createFreshTexts } from './fresh-texts.ts';
import { summarise } from './summarise.ts';
import { idOf } from './token-id.ts';

/** The local verifier on tokens that it has verified before. */
export type VerifyKnownTokens = { readonly port: number; readonly accessTokens: readonly string[] };

/** A machine that is busy with something else must not send the verifier to the server; milliseconds. */
const PATIENCE = 30_000;

drive<VerifyKnownTokens>(async ({ port, accessTokens }) => {
  const verifier = createTokenVerifier({ address: `127.0.0.1:${port}`, maxStaleness: PATIENCE });
  await verifier.ready();
  const freshText = createFreshTexts(accessTokens);
  const ids = accessTokens.map(idOf);

  return async (milliseconds) => {
    const begunAt = performance.now();
    const cpu = process.cpuUsage();
    const answers: (Verification | Promise<Verification>)[] = [];
    let verified = 0;
    let spent = 0;
    while (performance.now() - begunAt < milliseconds) {
      const texts = accessTokens.map((_, index) => freshText(index));
      // Processor time of all threads, so that neither others on the core nor help from another core changes the number.
      const from = process.cpuUsage();
      for (let index = 0; index < texts.length; index++) answers[index] = verifier.verify(texts[index] ?? '');
      const { user, system } = process.cpuUsage(from);
      spent += (user + system) / 1e6;
      verified += texts.length;
      for (const [index, answer] of answers.entries()) {
        if (answer instanceof Promise) throw new Error('The verifier had to ask the server.');
        if (answer.principal?.tokenId !== ids[index])
          throw new Error('A live token was refused, or taken for another.');
      }
      // The stream of revocations has its turn.
      await setImmediate();
    }
    // Single ones are too short to be timed.
    return { ...summarise({ took: [], perSecond: verified / spent, begunAt, cpu }), calls: verified };
  };
});
