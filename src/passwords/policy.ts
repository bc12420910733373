import { dictionary } from '@zxcvbn-ts/language-common';

/** Says what is wrong with a new password, or null. `ownNames` are the person's other entries: login, e-mail, phone. */
export type CheckPasswordPolicy = (password: string, ownNames: readonly string[]) => string | null;

/** In characters. The upper limit bounds what one call makes us hash. */
const SHORTEST_PASSWORD = 8;
export const LONGEST_PASSWORD = 256;
/** In code units, before normalising, which is slow for long texts: as many as that many characters may be spelt with. */
export const LONGEST_PASSWORD_INPUT = LONGEST_PASSWORD * 4;

/** NIST SP 800-63B, section 3.1.1.2: a minimum length and a blocklist; no composition rules. */
export function createPasswordPolicy(): CheckPasswordPolicy {
  const common = new Set(dictionary['passwords-common'].filter((word) => word.length >= SHORTEST_PASSWORD));

  return (password, ownNames) => {
    if (password.length > LONGEST_PASSWORD_INPUT) return `must have at most ${LONGEST_PASSWORD} characters`;
    const normal = password.normalize('NFC');
    const length = [...normal].length;
    if (length < SHORTEST_PASSWORD) return `must have at least ${SHORTEST_PASSWORD} characters`;
    if (length > LONGEST_PASSWORD) return `must have at most ${LONGEST_PASSWORD} characters`;
    const lower = normal.toLowerCase();
    if (common.has(lower)) return 'is one of the most common passwords';
    const names = ownNames.flatMap((name) => [name, name.split('@')[0] ?? name]).map((name) => name.toLowerCase());
    if (names.includes(lower)) return 'must not be your own name or address';
    return null;
  };
}
