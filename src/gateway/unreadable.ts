import { Code, ConnectError } from '@connectrpc/connect';
import { AppError } from '../errors/app-error.ts';

/** As for gRPC. */
export const LONGEST_MESSAGE = 1024 * 1024;

/** These say something of the time, or of a client that has gone away, and nothing of the request. */
const NOT_OF_THE_REQUEST = new Set([Code.Canceled, Code.DeadlineExceeded, Code.Aborted]);

/**
 * What Connect has refused to read, as a refusal of the catalogue. Connect's own text quotes the value of a field that is not
 * what it should be, a password for instance: it goes nowhere, the log neither.
 *
 * @returns null: it is no fault of the request
 */
export function toRefusal(problem: unknown): AppError | null {
  const code = problem instanceof ConnectError ? problem.code : null;
  if (code !== null && NOT_OF_THE_REQUEST.has(code)) return null;
  if (code === Code.ResourceExhausted) return malformed({ longest: `${LONGEST_MESSAGE} bytes` });
  const field = fieldOf(problem);
  return malformed(field === null ? {} : { field });
}

function malformed(metadata: Readonly<Record<string, string>>): AppError {
  return new AppError('MALFORMED_MESSAGE', { metadata });
}

type Field = { readonly name: string; readonly parent: { readonly typeName: string } };

/**
 * How protobuf-es says that there is no such field or value; it says that in words alone. A name is told as the client has
 * written it, if it may be one: whatever else has come to stand there, a password for instance, is not.
 */
const UNKNOWN_NAME = /^cannot decode message ([\w.]+) from JSON: key "([A-Za-z]\w{0,63})" is unknown$/;
const UNKNOWN_VALUE = /^cannot decode enum ([\w.]+) from JSON: /;

/**
 * Which field of which message could not be read, as `auth.v1.LoginRequest.password`; of a value that is not in its enum,
 * which enum. protobuf-es knows it of JSON.
 */
function fieldOf(problem: unknown): string | null {
  for (let error = problem; error instanceof Error; error = error.cause) {
    if ('field' in error && typeof error.field === 'function') {
      const { name, parent } = (error.field as () => Field)();
      return `${parent.typeName}.${name}`;
    }
    const [, type, name] = UNKNOWN_NAME.exec(error.message) ?? UNKNOWN_VALUE.exec(error.message) ?? [];
    if (type !== undefined) return name === undefined ? type : `${type}.${name}`;
  }
  return null;
}
