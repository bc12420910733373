import { createChannel, createClient } from 'nice-grpc';
import { KeysServiceDefinition } from '../../src/gen/auth/v1/keys_service.ts';
import { startDriver } from '../drivers/driver.ts';
import type { VerifySignatures } from '../drivers/verify-signatures.ts';
import type { VerifyUnseenTokens } from '../drivers/verify-unseen-tokens.ts';
import type { Figure, Place } from '../figure.ts';
import { compare } from '../rounds/compare.ts';
import { mintForPerson } from '../scene/mint-for-person.ts';
import { TOKENS } from '../scene/validation-scene.ts';
import { startService } from '../servers/service.ts';

/** So few that a call takes some milliseconds, so many that what is around a call costs nothing. */
const TOKENS_PER_CALL = 50;

export const verifierColdVsCrypto: Figure = {
  name: 'verifier_cold_vs_crypto',
  about: 'verify/s of the local verifier on tokens it has not seen over verify/s of node:crypto on their signatures',
  atLeast: 0.8,
  async measure(place) {
    const service = await startService(place, { core: place.pinning.load });
    const accessTokens = await mintForPerson(service, TOKENS);
    const setup = { accessTokens, tokensPerCall: TOKENS_PER_CALL };
    const verifier = await startDriver<VerifyUnseenTokens>(place, {
      program: new URL('../drivers/verify-unseen-tokens.ts', import.meta.url),
      core: place.pinning.measured,
      setup: { port: service.port, ...setup },
    });
    const crypto = await startDriver<VerifySignatures>(place, {
      program: new URL('../drivers/verify-signatures.ts', import.meta.url),
      core: place.pinning.measured,
      setup: { publicJwk: await readPublicKey(place, service.port), ...setup },
    });
    const { ratio, spread, perCoreRatio, measured, baseline } = await compare({
      measured: { name: 'verifier', driver: verifier, pid: verifier.pid, perCall: TOKENS_PER_CALL },
      baseline: { name: 'node:crypto', driver: crypto, pid: crypto.pid, perCall: TOKENS_PER_CALL },
      of: ({ perSecond }) => perSecond,
      warmUpSeconds: 2,
      seconds: 2,
      rounds: 7,
      say: place.say,
    });
    return {
      value: ratio,
      unit: 'ratio',
      spread,
      details: {
        by_processor_time: perCoreRatio,
        tokens_per_second: measured.value,
        signatures_per_second: baseline.value,
        verifier_cores: measured.busy,
        crypto_cores: baseline.busy,
      },
    };
  },
};

/** The one key that a new service has. */
async function readPublicKey({ scope }: Pick<Place, 'scope'>, port: number) {
  const channel = createChannel(`127.0.0.1:${port}`);
  scope.defer(() => channel.close());
  const { keys } = await createClient(KeysServiceDefinition, channel).getJwks({});
  const [key] = keys;
  if (key?.alg !== 'EdDSA' || keys.length !== 1) throw new Error('The service has other keys than the default.');
  return { kty: key.kty, crv: key.crv, x: key.x };
}
