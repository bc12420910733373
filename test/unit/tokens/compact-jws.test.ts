import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCompactJws } from '../../../src/tokens/compact-jws.ts';

const segment = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('A compact JWS', () => {
  it('is taken apart, whatever its objects say', () => {
    const objects = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(objects, objects, fc.uint8Array({ minLength: 1, maxLength: 256 }), (header, payload, signature) => {
        const parts = [segment(header), segment(payload), Buffer.from(signature).toString('base64url')];
        const jws = parseCompactJws(parts.join('.'));
        expect(JSON.stringify(jws?.header)).toBe(JSON.stringify(header));
        expect(JSON.stringify(jws?.payload)).toBe(JSON.stringify(payload));
        expect(jws?.signature).toEqual(Buffer.from(signature));
        expect(jws?.signingInput.toString()).toBe(parts.slice(0, 2).join('.'));
      }),
    );
  });

  it('has one text: no other text has the same bytes', () => {
    const text = `${segment({ alg: 'EdDSA' })}.${segment({ sub: 'x' })}.${Buffer.alloc(64, 5).toString('base64url')}`;
    // The bytes, not the objects: white space after the JSON is another token, which another signature would have to cover.
    const bytesOf = (jws: string) => jws.split('.').map((part) => Buffer.from(part, 'base64url').toString('hex'));
    const edits = fc.record({ at: fc.nat(text.length), remove: fc.nat(2), insert: fc.string({ maxLength: 2 }) });
    fc.assert(
      fc.property(edits, ({ at, remove, insert }) => {
        const other = text.slice(0, at) + insert + text.slice(at + remove);
        if (other !== text && parseCompactJws(other)) expect(bytesOf(other)).not.toEqual(bytesOf(text));
      }),
      { numRuns: 2000 },
    );
  });

  it('is nothing else', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(parseCompactJws(text)).toBeNull();
      }),
    );
  });
});
