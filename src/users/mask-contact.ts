/**
 * A contact so far hidden that its owner knows it, and nobody else learns it: `a***@example.com`, `+79*****12`. The number of
 * stars says nothing of what they hide.
 */
export function maskContact({ type, value }: { readonly type: string; readonly value: string }): string {
  const characters = [...value];
  if (type === 'phone') return `${characters.slice(0, 3).join('')}*****${characters.slice(-2).join('')}`;
  const domain = type === 'email' ? value.slice(value.lastIndexOf('@')) : '';
  return `${characters[0] ?? ''}***${domain}`;
}
