/** The row of a function that always returns one. */
export function oneRow<Row>(rows: readonly Row[]): Row {
  const row = rows[0];
  if (row === undefined) throw new Error('A stored function that returns one row returned none.');
  return row;
}

/** Milliseconds as an interval of PostgreSQL. */
export function interval(milliseconds: number): string {
  return `${milliseconds} milliseconds`;
}
