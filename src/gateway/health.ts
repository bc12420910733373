import { answerJson } from './answers.ts';
import type { HttpHandler } from './routes.ts';

const METHODS = ['GET', 'HEAD'];

/**
 * For load balancers that ask by HTTP what others ask `grpc.health.v1.Health/Check`, of the same replica with the same answer.
 *
 * @returns who answers, by path
 */
export function createHealth(isHealthy: () => boolean): ReadonlyMap<string, HttpHandler> {
  const answer: HttpHandler = ({ method = '' }, response) => {
    if (!METHODS.includes(method)) {
      const allow = METHODS.join(', ');
      answerJson(response, 405, { message: `Only ${allow}.` }, { allow });
    } else if (isHealthy()) {
      answerJson(response, 200, { status: 'SERVING' });
    } else {
      answerJson(response, 503, { status: 'NOT_SERVING' });
    }
  };
  return new Map([['/gateway/health', answer]]);
}
