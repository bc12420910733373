/**
 * A reason why the service cannot start, in words for the person who typed the command: one or
 * two sentences that say what is wrong and what to do. Whoever catches it prints `message` alone; a stack would only
 * hide the advice. What went wrong technically, where there is something, is in `cause`.
 */
export class StartProblem extends Error {
  override readonly name = 'StartProblem';
}
