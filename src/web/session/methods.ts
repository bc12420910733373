import { getOption } from '@bufbuild/protobuf';
import type { DescMethod } from '@bufbuild/protobuf';
import { Access, rule } from '../../gen/web/auth/options/v1/access_pb.js';
import type { TokenPair } from '../../gen/web/auth/v1/token_pb.js';
import { TokenPairSchema } from '../../gen/web/auth/v1/token_pb.js';

// What a method is, by its descriptor: no list of names that somebody would have to mend.

/** Whether it needs an access token. */
export function needsAccessToken(method: DescMethod): boolean {
  return getOption(method, rule).access === Access.USER;
}

/** Whether it answers with tokens, and so has to carry a proof. */
export function givesTokens(method: DescMethod): boolean {
  return tokenField(method) !== undefined;
}

/** The tokens in an answer of such a method. */
export function tokensOf(method: DescMethod, answer: object): TokenPair | undefined {
  const field = tokenField(method);
  return field && ((answer as Record<string, unknown>)[field.localName] as TokenPair | undefined);
}

function tokenField({ output }: DescMethod) {
  return output.fields.find((field) => field.message?.typeName === TokenPairSchema.typeName);
}
