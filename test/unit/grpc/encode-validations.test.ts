import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import type { Validation } from '../../../src/auth/validate-token.ts';
import {
  BatchValidateTokensResponse,
  StreamValidateTokensResponse,
  ValidateTokenResponse,
} from '../../../src/gen/auth/v1/auth_service.ts';
import { createEncodeValidations } from '../../../src/grpc/services/encode-validations.ts';
import { toResult, toSource } from '../../../src/grpc/services/validation-messages.ts';

const token = fc.record({
  userId: fc.constant(randomUUID()),
  sessionId: fc.uuid(),
  tokenId: fc.uuid(),
  roles: fc.array(fc.string({ maxLength: 200 }), { maxLength: 20 }),
  issuedAt: fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1000),
  expiresAt: fc.integer({ min: 0, max: 4e9 }).map((seconds) => seconds * 1000),
  kid: fc.string(),
});
const validation: fc.Arbitrary<Validation> = fc.oneof(
  token,
  fc.constantFrom('TOKEN_EXPIRED' as const, 'TOKEN_REVOKED' as const, 'TOKEN_MALFORMED' as const),
);
const knowledge = fc.record({
  revision: fc.integer({ min: 0, max: 2 ** 50 }),
  source: fc.constantFrom('memory' as const, 'postgresql' as const, null),
});

it('encodes answers as the generated code does, the first time and when they are remembered', () => {
  const encode = createEncodeValidations();
  fc.assert(
    fc.property(validation, knowledge, knowledge, (validation, first, second) => {
      for (const known of [first, first, second]) {
        const bytes = encode.one({ ...known, validation });
        const answer = { result: toResult(validation), revision: known.revision, source: toSource(known.source) };
        expect(ValidateTokenResponse.decode(bytes)).toEqual(ValidateTokenResponse.fromPartial(answer));
        expect(StreamValidateTokensResponse.decode(bytes)).toEqual(StreamValidateTokensResponse.fromPartial(answer));
        expect(bytes.equals(ValidateTokenResponse.encode(ValidateTokenResponse.fromPartial(answer)).finish())).toBe(
          true,
        );
      }
    }),
  );
});

it('encodes batches as the generated code does', () => {
  const encode = createEncodeValidations();
  fc.assert(
    fc.property(fc.array(validation, { maxLength: 30 }), knowledge, (validations, { revision, source }) => {
      const response = BatchValidateTokensResponse.fromPartial({
        results: validations.map((each) => ({ result: toResult(each) })),
        revision,
        source: toSource(source),
      });
      const bytes = encode.many({ validations, revision, source });
      expect(bytes.equals(BatchValidateTokensResponse.encode(response).finish())).toBe(true);
    }),
  );
});
