/** A UUID's text as four 32-bit words. Texts that are no UUIDs give words all the same, as good as any. */

/** The value of a hexadecimal digit by its character code; 0 for what is none. */
const DIGITS = Uint8Array.from({ length: 128 }, (_, code) => parseInt(String.fromCharCode(code), 16) || 0);

const digit = (text: string, at: number) => DIGITS[text.charCodeAt(at) & 127] ?? 0;

/** Eight digits in a row. */
function eight(text: string, at: number): number {
  let word = 0;
  for (let index = at; index < at + 8; index++) word = (word << 4) | digit(text, index);
  return word >>> 0;
}

/** Twice four digits with a hyphen between them. */
function fourAndFour(text: string, at: number): number {
  let word = 0;
  for (let index = at; index < at + 4; index++) word = (word << 4) | digit(text, index);
  for (let index = at + 5; index < at + 9; index++) word = (word << 4) | digit(text, index);
  return word >>> 0;
}

/** `00000000-1111-1111-2222-222233333333`: word by word. */
export const firstWord = (uuid: string): number => eight(uuid, 0);
export const secondWord = (uuid: string): number => fourAndFour(uuid, 9);
export const thirdWord = (uuid: string): number => fourAndFour(uuid, 19);
/** Random in the versions 4 and 7. */
export const fourthWord = (uuid: string): number => eight(uuid, 28);

export function toUuid(a: number, b: number, c: number, d: number): string {
  const hex = [a, b, c, d].map((word) => word.toString(16).padStart(8, '0')).join('');
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
