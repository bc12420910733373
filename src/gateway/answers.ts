import type { ServerResponse } from 'node:http';
import type { Reason } from '../errors/reasons.ts';
import { reasons } from '../errors/reasons.ts';

/** Answers what is no call of the contract, in JSON. */
export function answerJson(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): void {
  const bytes = Buffer.from(JSON.stringify(body));
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': bytes.length,
    'cache-control': 'no-store',
    ...headers,
  });
  response.end(bytes);
}

/**
 * A refusal in a short body: the reason of the catalogue, and its text. The reason is in a header, too: nginx reads no body
 * here, and a client of gRPC-web none that is not of its protocol, but has the headers in its error.
 */
export function answerRefusal(
  response: ServerResponse,
  status: number,
  reason: Reason,
  headers: Readonly<Record<string, string>> = {},
): void {
  answerJson(response, status, { reason, message: reasons[reason].text }, { ...headers, 'x-auth-reason': reason });
}
