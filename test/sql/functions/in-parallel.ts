import pg from 'pg';

/**
 * Runs work on several connections at the same moment: all are open before the first begins. The results come in the order
 * of the connections; a refusal is the error itself, so that the refused can be counted.
 */
export async function inParallel<T>(
  url: string,
  connections: number,
  work: (client: pg.Client, index: number) => Promise<T>,
): Promise<(T | pg.DatabaseError)[]> {
  const clients = Array.from({ length: connections }, () => new pg.Client({ connectionString: url }));
  try {
    await Promise.all(clients.map((client) => client.connect()));
    return await Promise.all(
      clients.map((client, index) =>
        work(client, index).catch((error: unknown) => {
          if (error instanceof pg.DatabaseError) return error;
          throw error;
        }),
      ),
    );
  } finally {
    await Promise.all(clients.map((client) => client.end()));
  }
}
