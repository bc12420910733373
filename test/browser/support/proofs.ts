import { generateKeyPair, generateProof } from 'dpop';
import type { KeyPair } from 'dpop';

/**
 * The fetch of a page that wants its refresh tokens in a cookie, as a front end of another team writes it (ADR 0017): with a
 * proof of a key that cannot leave the browser. It is that of this tab, and gone with it: enough for a test.
 */
export function createProvedFetch(): typeof fetch {
  let keyPair: Promise<KeyPair> | undefined;
  let nonce: string | undefined;

  async function send(input: string | URL, init: RequestInit): Promise<Response> {
    const url = new URL(input);
    keyPair ??= generateKeyPair('ES256', { extractable: false });
    const headers = new Headers(init.headers);
    headers.set('x-token-transport', 'cookie');
    headers.set('dpop', await generateProof(await keyPair, url.origin + url.pathname, init.method ?? 'GET', nonce));
    const response = await fetch(url, { ...init, headers, credentials: 'include' });
    nonce = response.headers.get('dpop-nonce') ?? nonce;
    return response;
  }

  return async (input, init = {}) => await send(input instanceof Request ? input.url : input, init);
}
