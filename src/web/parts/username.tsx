type Props = {
  /** Empty where it is not known: the link of a mail does not say whose it is. */
  readonly value: string;
};

/** With what a password goes, for the one who keeps the passwords. People neither see it nor come to it nor hear of it. */
export function Username({ value }: Props) {
  return <input class="unseen" autoComplete="username" value={value} tabIndex={-1} aria-hidden readOnly />;
}
