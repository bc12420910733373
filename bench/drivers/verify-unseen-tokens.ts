import { setImmediate } from 'node:timers/promises';
import { createTokenVerifier } from '../../src/client/client.ts';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';
import { createFreshTexts } from './fresh-texts.ts';
import { idOf } from './token-id.ts';

/** The local verifier on tokens that it does not remember. */
export type VerifyUnseenTokens = {
  readonly port: number;
  readonly accessTokens: readonly string[];
  /** Tokens of one call. */
  readonly tokensPerCall: number;
};

/** Tokens come round long after the last of so few has been dropped; keeping and dropping them is paid for. */
const CACHED_SHARE = 0.1;

/** A machine that is busy with something else must not send the verifier to the server; milliseconds. */
const PATIENCE = 30_000;

drive<VerifyUnseenTokens>(async ({ port, accessTokens, tokensPerCall }) => {
  const cacheSize = Math.floor(accessTokens.length * CACHED_SHARE);
  const verifier = createTokenVerifier({ address: `127.0.0.1:${port}`, cacheSize, maxStaleness: PATIENCE });
  await verifier.ready();
  const freshText = createFreshTexts(accessTokens);
  const ids = accessTokens.map(idOf);
  let next = 0;
  return closedLoop({
    lanes: 1,
    async call() {
      for (const end = next + tokensPerCall; next < end; next++) {
        const answer = verifier.verify(freshText(next));
        if (answer instanceof Promise) throw new Error('The verifier had to ask the server.');
        if (answer.principal?.tokenId !== ids[next % ids.length]) throw new Error('A live token was refused.');
      }
      // The stream of revocations has its turn.
      await setImmediate();
    },
  });
});
