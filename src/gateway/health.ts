import { answerJson } from './answers.ts';
import { forReading } from './for-reading.ts';
import type { HttpHandler } from './routes.ts';

/**
 * For load balancers that ask by HTTP what others ask `grpc.health.v1.Health/Check`, of the same replica with the same answer.
 *
 * @returns who answers, by path
 */
export function createHealth(isHealthy: () => boolean): ReadonlyMap<string, HttpHandler> {
  const answer = forReading((_request, response) => {
    if (isHealthy()) answerJson(response, 200, { status: 'SERVING' });
    else answerJson(response, 503, { status: 'NOT_SERVING' });
  });
  return new Map([['/gateway/health', answer]]);
}
