import type { Config } from '../config/settings.ts';
import { LEEWAY } from './access-token-verifier.ts';
import type { RotateKeysDeps } from './rotate-keys.ts';

/** The rotation that follows from the settings: a key verifies for as long as the last token that it signed may live. */
export function keyRotationSettings(
  config: Config,
): Pick<RotateKeysDeps, 'algorithm' | 'rotation' | 'publishAhead' | 'overlap'> {
  return {
    algorithm: config.SIGNING_ALGORITHM,
    rotation: config.SIGNING_KEY_ROTATION,
    publishAhead: config.SIGNING_KEY_PUBLISH_AHEAD,
    // A minute on top: replicas whose clocks differ change keys at different moments.
    overlap: config.ACCESS_TOKEN_LIFETIME + LEEWAY + 60_000,
  };
}
