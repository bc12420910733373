import type { Metadata } from '@grpc/grpc-js';
import type { Metadata as ReadMetadata } from 'nice-grpc-common';
import type { ValidateToken } from '../../auth/validate-token.ts';
import type { StreamValidateTokensRequest, ValidateTokenRequest } from '../../gen/auth/v1/auth_service.ts';
import { LONGEST_TOKEN } from '../../tokens/access-token-verifier.ts';
import type { AnswerDirectly, OpenDirectly } from '../answer-directly.ts';
import { isMalformed } from '../decoding.ts';
import { encodedResponse } from '../encoded-response.ts';
import type { RecognizeService } from '../service-identities.ts';
import type { EncodeValidations } from './encode-validations.ts';
import { toFreshness } from './validation-messages.ts';

type Deps = {
  /** The method, as `/package.Service/Method`. */
  readonly path: string;
  readonly recognizeService: RecognizeService;
  readonly validateToken: Pick<ValidateToken, 'one'>;
  readonly encodeValidations: Pick<EncodeValidations, 'one'>;
  /** Whether calls leave a line in the log: the chain writes it. */
  readonly isLogged: () => boolean;
};

/**
 * Validations for a service that may ask for them, of tokens of a possible length: for ValidateToken and
 * StreamValidateTokens, whose messages are alike. What is to be refused is left to the chain.
 */
export function createValidateDirectly({
  path,
  recognizeService,
  validateToken,
  encodeValidations,
  isLogged,
}: Deps): OpenDirectly {
  const toResponse = (known: Awaited<ReturnType<ValidateToken['one']>>) =>
    encodedResponse(encodeValidations.one(known));

  const answer: AnswerDirectly = (message) => {
    if (isMalformed(message)) return null;
    const { accessToken, consistency } = message as ValidateTokenRequest | StreamValidateTokensRequest;
    // A character has up to three bytes: what may be too long is left to the one who counts them.
    if (accessToken === '' || accessToken.length > LONGEST_TOKEN / 3) return null;
    const known = validateToken.one(accessToken, toFreshness(consistency));
    return known instanceof Promise ? known.then(toResponse) : toResponse(known);
  };
  return (metadata) => (!isLogged() && recognizeService(asRead(metadata))?.mayCall(path) ? answer : null);
}

/** Metadata as the chain reads it: several values of a key are one text. */
function asRead(metadata: Metadata): Pick<ReadMetadata, 'get'> {
  const get = (key: string) => {
    const values = metadata.get(key);
    return values.length > 0 ? values.join(', ') : undefined;
  };
  return { get } as Pick<ReadMetadata, 'get'>;
}
