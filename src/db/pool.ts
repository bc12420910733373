import pg from 'pg';

type PoolOptions = {
  readonly url: string;
  readonly size: number;
  /** How long a call may wait for a connection, and for its answer, in milliseconds. */
  readonly connectTimeout: number;
  readonly queryTimeout: number;
  /** Called for the loss of a connection that nobody uses at the time. */
  readonly onIdleError: (error: Error) => void;
};

/** A pool whose every wait is bounded. */
export function createPool({ url, size, connectTimeout, queryTimeout, onIdleError }: PoolOptions): pg.Pool {
  const pool = new pg.Pool({
    connectionString: url,
    max: size,
    connectionTimeoutMillis: connectTimeout,
    // The server ends a statement by itself (roles.sql); this one is for a server that answers nothing any more.
    query_timeout: queryTimeout,
    keepAlive: true,
    application_name: 'auth-service',
    types: {
      getTypeParser: (oid, format) =>
        oid === pg.types.builtins.INT8
          ? toSafeInteger
          : (pg.types.getTypeParser(oid, format) as (text: string) => unknown),
    },
  });
  pool.on('error', onIdleError);
  return pool;
}

/** int8 arrives as text. Ours are counters that never leave the safe range. */
function toSafeInteger(text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new RangeError('A number from the database is beyond the safe range.');
  return value;
}
