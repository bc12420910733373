import { createHash } from 'node:crypto';
import { answerJson } from './answers.ts';
import { forReading } from './for-reading.ts';
import type { HttpHandler } from './routes.ts';

type Document = {
  readonly type: string;
  /** How long it may be stored, in milliseconds. */
  readonly maxAge: number;
  /** What it says now. */
  readonly read: () => object;
};

/** A public document in JSON, for programs and for pages of all origins, which is sent again only if it has changed. */
export function createDocument({ type, maxAge, read }: Document): HttpHandler {
  return forReading((request, response) => {
    const content = read();
    const etag = `"${createHash('sha256').update(JSON.stringify(content)).digest('base64url')}"`;
    const headers = {
      etag,
      'cache-control': `public, max-age=${Math.floor(maxAge / 1000)}`,
      'access-control-allow-origin': '*',
    };
    if (isKnown(request.headers['if-none-match'], etag)) response.writeHead(304, headers).end();
    else answerJson(response, 200, content, { 'content-type': type, ...headers });
  });
}

/** https://www.rfc-editor.org/rfc/rfc9110#section-13.1.2: tags in a list, compared weakly. */
function isKnown(tags: string | undefined, etag: string): boolean {
  return (tags ?? '').split(',').some((tag) => [etag, '*'].includes(tag.trim().replace(/^W\//, '')));
}
