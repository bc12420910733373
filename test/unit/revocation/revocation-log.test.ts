import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRevocationLog } from '../../../src/revocation/revocation-log.ts';
import { firstWord, fourthWord, secondWord, thirdWord, toUuid } from '../../../src/revocation/uuid-words.ts';

const entry = (revision: number, subject: string, keptUntil = revision) => ({
  revision,
  kind: (['token', 'session', 'roles'] as const)[revision % 3] ?? 'token',
  subject,
  expiresAt: 1_900_000_000 + revision,
  keptUntil,
});

describe('the words of a UUID', () => {
  it('are those of its text, and give it back', () => {
    for (let count = 0; count < 10_000; count++) {
      const uuid = randomUUID();
      expect(toUuid(firstWord(uuid), secondWord(uuid), thirdWord(uuid), fourthWord(uuid))).toBe(uuid);
    }
    expect(toUuid(0, 1, 0xffffffff, 2)).toBe('00000000-0000-0001-ffff-ffff00000002');
  });
});

describe('the log of revocations', () => {
  it('finds 200 000 of 200 000, and none of 200 000 others', () => {
    const log = createRevocationLog();
    const subjects = Array.from({ length: 200_000 }, () => randomUUID());
    for (const [index, subject] of subjects.entries()) log.append(entry(index + 1, subject));
    expect(log.size()).toBe(200_000);
    expect(subjects.filter((subject) => !log.has(subject))).toEqual([]);
    expect(Array.from({ length: 200_000 }, () => randomUUID()).filter((subject) => log.has(subject))).toEqual([]);
  });

  it('tells subjects apart that differ in one digit, wherever it is', () => {
    const log = createRevocationLog();
    const subject = '0a1b2c3d-4e5f-4a6b-8c7d-9e8f0a1b2c3d';
    log.append(entry(1, subject));
    for (let index = 0; index < subject.length; index++) {
      const digit = subject.charAt(index);
      if (digit === '-') continue;
      const other = `${subject.slice(0, index)}${digit === '7' ? '1' : '7'}${subject.slice(index + 1)}`;
      expect(log.has(other)).toBe(other === subject);
    }
  });

  it('gives entries back as they came, after a revision', () => {
    const log = createRevocationLog();
    const entries = Array.from({ length: 5000 }, (_, index) => entry(10 + index * 3, randomUUID()));
    for (const each of entries) log.append(each);
    expect(log.after(0, 10_000)).toEqual(entries);
    expect(log.after(10, 2)).toEqual(entries.slice(1, 3));
    expect(log.after(11, 1)).toEqual(entries.slice(1, 2));
    expect(log.after(entries.at(-1)?.revision ?? 0, 10)).toEqual([]);
  });

  it('keeps revisions beyond 32 bits', () => {
    const log = createRevocationLog();
    const far = { ...entry(1, randomUUID()), revision: 2 ** 40 + 1 };
    log.append(far);
    expect(log.after(2 ** 40, 1)).toEqual([far]);
  });

  it('does as a Map does, in any order of appending, dropping and asking', () => {
    // Few subjects whose last words are few, so that slots collide and one subject comes twice.
    const subjectOf = (number: number) => toUuid(number >> 2, 0, 0, number & 3);
    const command = fc.oneof(
      fc.record({ append: fc.nat(60), keptFor: fc.nat(20) }),
      fc.record({ pass: fc.nat(10), limit: fc.integer({ min: 1, max: 40 }) }),
      fc.record({ keep: fc.nat(60), keptFor: fc.nat(20) }),
    );
    fc.assert(
      fc.property(fc.array(command, { minLength: 1, maxLength: 3000, size: 'max' }), (commands) => {
        const log = createRevocationLog();
        let model: { subject: string; revision: number; keptUntil: number }[] = [];
        let revision = 0;
        let now = 0;
        for (const each of commands) {
          if ('append' in each) {
            const appended = entry((revision += 1), subjectOf(each.append), now + each.keptFor);
            log.append(appended);
            model.push(appended);
          } else if ('pass' in each) {
            now += each.pass;
            const blocking = model.findIndex(({ keptUntil }) => keptUntil >= now);
            const dropped = model.slice(0, Math.min(each.limit, blocking < 0 ? model.length : blocking));
            expect(log.dropUntil(now, each.limit)).toBe(dropped.at(-1)?.revision ?? 0);
            model = model.slice(dropped.length);
          } else {
            const subject = subjectOf(each.keep);
            const latest = model.findLastIndex((known) => known.subject === subject);
            model = model.map((known, index) =>
              index === latest ? { ...known, keptUntil: Math.max(known.keptUntil, now + each.keptFor) } : known,
            );
            log.keepUntil(subject, now + each.keptFor);
          }
        }
        expect(log.size()).toBe(model.length);
        const known = new Set(model.map(({ subject }) => subject));
        for (let number = 0; number <= 60; number++) {
          expect(log.has(subjectOf(number))).toBe(known.has(subjectOf(number)));
        }
        expect(log.after(0, 10_000).map((each) => each.revision)).toEqual(model.map((each) => each.revision));
      }),
      { numRuns: 200 },
    );
  });
});
