/** What every function that revokes returns of it; some have columns beside. */
export type RevocationRow = {
  readonly revision: number;
  readonly replicas: string[];
  readonly longest_lease_ms: number;
};

/** The row as a CommittedRevocation. */
export const committedRevocation = ({ revision, replicas, longest_lease_ms: longestLease }: RevocationRow) => ({
  revision,
  replicas,
  longestLease,
});
