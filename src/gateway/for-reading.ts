import { answerJson } from './answers.ts';
import type { HttpHandler } from './routes.ts';

const METHODS = ['GET', 'HEAD'];

/** What is there to be read, and for nothing else (RFC 9110, section 15.5.6). */
export function forReading(handler: HttpHandler): HttpHandler {
  return (request, response) => {
    if (METHODS.includes(request.method ?? '')) {
      handler(request, response);
      return;
    }
    const allow = METHODS.join(', ');
    answerJson(response, 405, { message: `It is read by ${allow}.` }, { allow });
  };
}
