import type { ServerAddBuilder } from 'nice-grpc';
import { errorDetailsServerMiddleware } from 'nice-grpc-error-details';
import type { Logger } from 'pino';
import type { Clock } from '../clock.ts';
import type { AuthorizeDeps, WithCaller } from './middleware/authorize.ts';
import { createAuthorize } from './middleware/authorize.ts';
import { createBoundWork } from './middleware/bound-work.ts';
import type { StreamEnder } from './middleware/end-streams.ts';
import type { LimitRateDeps } from './middleware/limit-rate.ts';
import { createLimitRate } from './middleware/limit-rate.ts';
import { createMapErrors } from './middleware/map-errors.ts';
import { createObserve } from './middleware/observe.ts';
import type { Places } from './places.ts';
import type { WithRecord } from './call-record.ts';

export type ChainDeps = AuthorizeDeps &
  LimitRateDeps & { readonly logger: Logger; readonly clock: Clock; readonly places: Places };

/** What both listeners share; who calls, each finds out in its own way. */
export type SharedChainDeps = Omit<ChainDeps, 'recognizeService'>;

/** What every call passes, whichever listener it came in by: the outermost first. */
type Chain<Own extends object> = {
  /** For what is open to all: health and reflection, which say nothing about anybody. */
  readonly open: ServerAddBuilder<Own & WithRecord>;
  /** For all others. */
  readonly guarded: ServerAddBuilder<Own & WithCaller>;
};

const QUIET_METHODS = new Set([
  ...['ValidateToken', 'BatchValidateTokens', 'StreamValidateTokens'].map((name) => `/auth.v1.AuthService/${name}`),
  '/grpc.health.v1.Health/Check',
  '/envoy.service.auth.v3.Authorization/Check',
]);

/** @typeParam Own what the listener's own calls have beside what all have */
export function createChain<Own extends object = object>(
  server: ServerAddBuilder<Own>,
  streams: StreamEnder,
  deps: ChainDeps,
): Chain<Own> {
  const open = server
    // Outermost: it must see the status that the caller sees, whoever decided it.
    .with(createObserve({ ...deps, quietMethods: QUIET_METHODS }))
    // Puts the details of a status into the trailer; so it stands outside of what makes them.
    .with(errorDetailsServerMiddleware)
    // Everything inside may throw what it likes; nothing outside sees any of it.
    .with(createMapErrors())
    // Before anything is spent on a call.
    .with(createBoundWork({ ...deps, streams }));

  const guarded = open
    // Who calls, and whether he may: the method's access option decides, and a method without one is refused.
    .with(createAuthorize(deps))
    // Has to know whose address it is, and stands before all work on the database and on hashes.
    .with(createLimitRate(deps));
  return { open, guarded };
}
