import type { Pool } from 'pg';
import { createCallFunction } from './call-function.ts';
import { createDatabaseFunctions } from './functions.ts';
import type { DatabaseFunctions } from './functions.ts';
import { fromDatabaseError, isStalePlan } from './errors.ts';
import { AppError } from '../errors/app-error.ts';

/** Runs calls of stored functions in one transaction: committed when `work` resolves, rolled back when it rejects. */
export type InTransaction = <T>(work: (functions: DatabaseFunctions) => Promise<T>) => Promise<T>;

export function createInTransaction(pool: Pick<Pool, 'connect'>): InTransaction {
  return async (work) => {
    const connection = await pool.connect().catch((error: unknown) => {
      throw fromDatabaseError(error);
    });
    let broken: Error | undefined;
    const control = async (statement: 'begin' | 'commit' | 'rollback') => {
      try {
        await connection.query(statement);
      } catch (error) {
        broken = error as Error;
        throw fromDatabaseError(error);
      }
    };
    // A connection that is lost between two queries emits an error that nobody else listens for.
    const onError = (error: Error) => (broken = error);
    connection.on('error', onError);
    try {
      await control('begin');
      const result = await work(createDatabaseFunctions(createCallFunction(connection)));
      await control('commit');
      return result;
    } catch (error) {
      if (error instanceof AppError && isStalePlan(error.details.cause)) broken = error;
      // A failed rollback is told by the connection being broken; what the caller needs is the first error.
      if (!broken) await control('rollback').catch(() => undefined);
      throw error;
    } finally {
      connection.off('error', onError);
      connection.release(broken);
    }
  };
}
