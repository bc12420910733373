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
    let used: KeyPair | undefined;
    const send = async () => {
      used = await keyPair();
      request.header.set(PROOF, await generateProof(used, `${origin}${pathname}`, 'POST', nonce));
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
      const reason = reasonOf(error);
      // The storage of this browser may have been away for a moment, and the key that is in it may be there again.
      const isRepeated =
        reason === 'DPOP_NONCE_REQUIRED' || (reason === 'REFRESH_TOKEN_BOUND' && (await keyPair()) !== used);
      if (!isRepeated) throw error;
      return await send();
    }
  };
}
