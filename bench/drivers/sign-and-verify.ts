import { createPrivateKey, createPublicKey, randomBytes } from 'node:crypto';
import { signJws, verifyJws } from '../../src/tokens/jws-signature.ts';
import { generateSigningKey } from '../../src/tokens/signing-key.ts';
import type { SigningKey } from '../../src/tokens/signing-key.ts';
import { closedLoop } from './closed-loop.ts';
import { drive } from './drive.ts';

/** Signs, or verifies, as the service does, and does nothing else. */
export type SignAndVerify = { readonly algorithm: SigningKey['algorithm']; readonly operation: 'sign' | 'verify' };

/** As many bytes as one of our tokens has before its signature. */
const INPUT = randomBytes(285).toString('base64url');

drive<SignAndVerify>(async ({ algorithm, operation }) => {
  const { privateJwk, ...generated } = await generateSigningKey(algorithm);
  const key = {
    ...generated,
    privateKey: createPrivateKey({ key: privateJwk, format: 'jwk' }),
    publicKey: createPublicKey({ key: generated.publicJwk, format: 'jwk' }),
  } as unknown as SigningKey;
  const input = Buffer.from(INPUT, 'ascii');
  const signature = await signJws(key, input);
  return closedLoop({
    lanes: 1,
    async call() {
      if (operation === 'sign') await signJws(key, input);
      else if (!verifyJws(key, input, signature)) throw new Error('A right signature was found wrong.');
    },
  });
});
