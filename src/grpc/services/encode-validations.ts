import type { Knowledge, Validation } from '../../auth/validate-token.ts';
import { BatchValidateTokensResponse, TokenResult, ValidateTokenResponse } from '../../gen/auth/v1/auth_service.ts';
import type { VerifiedToken } from '../../tokens/access-token-verifier.ts';
import { toResult, toSource } from './validation-messages.ts';

/**
 * The answers of validations as bytes. What is said of a live token is the same every time, and encoding it takes longer
 * than everything else that is done for an answer: so it is done once for a token.
 *
 * It rests on the wire format: messages in a row are one message (protobuf's encoding, "Last One Wins"), and repeated fields
 * of theirs add up. Each part is made by the generated code.
 */
export type EncodeValidations = {
  /** ValidateTokenResponse and StreamValidateTokensResponse, which are alike. */
  readonly one: (answer: Knowledge & { readonly validation: Validation }) => Buffer;
  /** BatchValidateTokensResponse. */
  readonly many: (answer: Knowledge & { readonly validations: readonly Validation[] }) => Buffer;
};

export function createEncodeValidations(): EncodeValidations {
  // They live as long as the tokens in the cache of verified ones.
  const principals = new WeakMap<VerifiedToken, EncodedResult>();
  const problems = new Map<string, EncodedResult>();
  const encodeKnowledge = rememberLast((knowledge) => ValidateTokenResponse.encode(withoutResult(knowledge)).finish());
  const encodeBatchKnowledge = rememberLast(({ revision, source }) =>
    BatchValidateTokensResponse.encode({ results: [], revision, source: toSource(source) }).finish(),
  );

  function encodeResult(validation: Validation): EncodedResult {
    const known = typeof validation === 'string' ? problems.get(validation) : principals.get(validation);
    if (known) return known;
    const result = { result: toResult(validation) };
    const alone = Buffer.from(TokenResult.encode(result).finish());
    const inBatch = Buffer.from(
      BatchValidateTokensResponse.encode({ results: [result], revision: 0, source: toSource(null) }).finish(),
    );
    const encoded = { inBatch, alone: inBatch.subarray(-alone.length) };
    if (typeof validation === 'string') problems.set(validation, encoded);
    else principals.set(validation, encoded);
    return encoded;
  }

  return {
    one: (answer) => Buffer.concat([encodeResult(answer.validation).alone, encodeKnowledge(answer)]),
    many: (answer) =>
      Buffer.concat([...answer.validations.map((each) => encodeResult(each).inBatch), encodeBatchKnowledge(answer)]),
  };
}

type EncodedResult = {
  /** A whole BatchValidateTokensResponse of this one result. */
  readonly inBatch: Buffer;
  /** TokenResult, the end of it: also the `result` of the single answers, as its fields have the same numbers there. */
  readonly alone: Buffer;
};

const withoutResult = ({ revision, source }: Knowledge) => ({
  result: undefined,
  revision,
  source: toSource(source),
});

/** Revisions change seldom, answers often. */
function rememberLast(encode: (knowledge: Knowledge) => Uint8Array): (knowledge: Knowledge) => Uint8Array {
  let last: Knowledge | undefined;
  let bytes = new Uint8Array();
  return (knowledge) => {
    if (last?.revision !== knowledge.revision || last.source !== knowledge.source) {
      last = { revision: knowledge.revision, source: knowledge.source };
      bytes = new Uint8Array(encode(knowledge));
    }
    return bytes;
  };
}
