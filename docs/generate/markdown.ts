export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [line(head), `|${'---|'.repeat(head.length)}`, ...rows.map(line)].join('\n');
}

/** A text with fresh parts between its markers; what is outside of them is left alone. */
export function withParts(text: string, parts: Readonly<Record<string, string>>): string {
  return Object.entries(parts).reduce(
    (result, [name, part]) =>
      result.replace(
        new RegExp(`(<!-- generated:${name} -->)[^]*?(<!-- /generated -->)`),
        (_, begin: string, end: string) => `${begin}\n\n${part}\n\n${end}`,
      ),
    text,
  );
}
