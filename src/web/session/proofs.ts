import { ConnectError } from '@connectrpc/connect';
import type { Interceptor } from '@connectrpc/connect';
import { generateProof } from 'dpop';
import type { KeyPair } from 'dpop';
import { reasonOf } from '../calls/failure.ts';
import { givesTokens } from './methods.ts';

const PROOF = 'dpop';
const NONCE = 'dpop-nonce';

/**
 * Calls that give out tokens carry a proof that this browser has the key (RFC 9449, section 4): a signature over the method,
 * the URL and the time.
 *
 * Where the clock of the browser is wrong the service answers with a nonce to sign instead of the time (section 8). The call
 * is repeated once with it, and each later proof carries the latest nonce, so that a wrong clock costs one repeat and not one each time.
 */
export function createProofs(keyPair: () => Promise<KeyPair>): Interceptor {
  let nonce: string | undefined;
  const learn = (headers: Headers) => (nonce = headers.get(NONCE) ?? nonce);

  return (next) => async (request) => {
    if (!givesTokens(request.method)) return await next(request);
    const { origin, pathname } = new URL(request.url);
    const send = async () => {
      request.header.set(PROOF, await generateProof(await keyPair(), `${origin}${pathname}`, 'POST', nonce));
      try {
        const response = await next(request);
        learn(response.header);
        return response;
      } catch (error) {
        if (error instanceof ConnectError) learn(error.metadata);
        throw error;
      }
    };
    try {
      return await send();
    } catch (error) {
      if (reasonOf(error) !== 'DPOP_NONCE_REQUIRED') throw error;
      return await send();
    }
  };
}
