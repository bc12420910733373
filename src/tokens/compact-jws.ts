/** The parts of a compact JWS (RFC 7515, section 7.1), nothing of it verified. */
export type CompactJws = {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Readonly<Record<string, unknown>>;
  readonly signature: Buffer;
  readonly signingInput: Buffer;
};

const THREE_SEGMENTS = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/**
 * Takes the canonical text apart: three base64url segments and nothing else, each the one encoding of its bytes. Other
 * spellings of a token (padding, spare bits, white space) are no tokens, so that one token is one text.
 */
export function parseCompactJws(text: string): CompactJws | null {
  const [, headerText, payloadText, signatureText] = THREE_SEGMENTS.exec(text) ?? [];
  if (!headerText || !payloadText || !signatureText) return null;
  const header = toObject(fromBase64url(headerText));
  const payload = toObject(fromBase64url(payloadText));
  const signature = fromBase64url(signatureText);
  if (!header || !payload || !signature) return null;
  return { header, payload, signature, signingInput: Buffer.from(`${headerText}.${payloadText}`, 'ascii') };
}

function fromBase64url(text: string): Buffer | null {
  const bytes = Buffer.from(text, 'base64url');
  return bytes.toString('base64url') === text ? bytes : null;
}

function toObject(bytes: Buffer | null): Readonly<Record<string, unknown>> | null {
  if (!bytes) return null;
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
