import type { ClientBase, Pool } from 'pg';
import { fromDatabaseError } from './errors.ts';

/** Calls a stored function and returns its rows. */
export type CallFunction = <Row>(name: string, args: readonly unknown[]) => Promise<Row[]>;

/** The only SQL text of the service: `select * from <function>(...)`. The names are literals of our own code. */
export function createCallFunction(connection: Pick<Pool | ClientBase, 'query'>): CallFunction {
  return async (name, args) => {
    const places = args.map((_, index) => `$${index + 1}`).join(', ');
    try {
      // Named, so that a connection parses and plans each function once.
      const result = await connection.query({ name, text: `select * from ${name}(${places})`, values: [...args] });
      return result.rows as never[];
    } catch (error) {
      throw fromDatabaseError(error);
    }
  };
}
