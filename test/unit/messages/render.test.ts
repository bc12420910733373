import { describe, expect, it } from 'vitest';
import { LANGUAGES } from '../../../src/languages.ts';
import { linkWith } from '../../../src/messages/links.ts';
import { createRenderMessage } from '../../../src/messages/render.ts';
import type { MessageContents } from '../../../src/messages/render.ts';
import { TEMPLATES } from '../../../src/messages/texts/texts.ts';

const LINK = 'https://front.example/registration#token=abc';
const LONGEST_NAME = 'П'.repeat(60);
const createdAt = new Date('2026-11-21T09:54:00Z');

const contents = (changes: Partial<MessageContents> = {}): MessageContents => ({
  channel: 'email',
  recipient: 'ada@example.com',
  template: 'registration',
  language: 'en',
  createdAt,
  expiresAt: new Date(createdAt.getTime() + 10 * 60_000),
  code: null,
  link: null,
  ...changes,
});
const render = createRenderMessage({ product: 'Ducks & Co', fallback: 'en' });
/** Not when it begins: that is in the past, and leaves the reader with a sum. */
const END = { en: /, until 10:04 UTC on 21 November 2026\./, ru: /, до 10:04 UTC 21 ноября 2026\sг\.(\s|$)/ };
const WITH_LINK = ['registration', 'contact_confirmation', 'password_reset', 'invitation'];
const WITH_CODE = ['registration', 'code_login', 'contact_confirmation', 'password_reset'];

describe.each(LANGUAGES.flatMap((language) => TEMPLATES.map((template) => [language, template] as const)))(
  'In %s, %s',
  (language, template) => {
    const mail = (changes: Partial<MessageContents>) => {
      const { text, mail: page } = render(contents({ language, template, ...changes }));
      return { text, subject: page?.subject ?? '', html: page?.html ?? '' };
    };

    it('leaves nothing of the template language in any part', () => {
      for (const secret of [{ link: LINK }, { code: '123456' }, {}]) {
        const { text, subject, html } = mail(secret);
        for (const part of [text, subject, html]) {
          expect(part).not.toMatch(/\{\{|\}\}|undefined|null|\[object/);
          expect(part).not.toBe('');
        }
        expect(render(contents({ language, template, channel: 'sms', ...secret })).text).not.toMatch(/\{\{|\}\}|\n/);
      }
    });

    it('is in its language, and names nobody in the subject', () => {
      const { text, subject, html } = mail({ link: LINK });
      expect(/[а-я]/i.test(subject)).toBe(language === 'ru');
      expect(html).toContain(`<html lang="${language}"`);
      expect(subject).not.toContain('ada');
      expect(subject).not.toContain('\n');
      expect(text).toContain('ada@example.com');
      expect(text).toContain('Ducks & Co');
      expect(html).toContain('Ducks &amp; Co');
    });

    it('carries its link or code in text and HTML, and says how long it works', () => {
      const minutes = language === 'en' ? '10 minutes' : '10 минут';
      const linked = mail({ link: LINK });
      const coded = mail({ code: '012345' });
      expect([linked.text.includes(LINK), linked.html.includes(`href="${LINK}"`)]).toEqual(
        WITH_LINK.includes(template) || template === 'code_login' ? [true, true] : [false, false],
      );
      expect([coded.text.includes('\n012345\n'), coded.html.includes('>012345<')]).toEqual(
        WITH_CODE.includes(template) || template === 'invitation' ? [true, true] : [false, false],
      );
      for (const { text } of WITH_CODE.includes(template) ? [linked, coded] : []) {
        expect(text).toContain(minutes);
        expect(text).toMatch(language === 'en' ? END.en : END.ru);
      }
    });

    it('keeps what a person has typed out of the markup', () => {
      const hostile = '<script>alert(1)</script>@example.com';
      const { html, text } = mail({ recipient: hostile, link: `https://front.example/"><script>` });
      expect(html).not.toContain('<script');
      expect(html).toContain('&lt;script&gt;');
      expect(text).toContain(hostile);
    });

    it('has its link once to follow, and once to read', () => {
      const { html } = mail({ link: LINK });
      const isLinked = html.includes('<a ');
      expect([html.split('<a ').length, html.split(LINK).length]).toEqual(isLinked ? [2, 3] : [1, 1]);
    });

    it('loads nothing from elsewhere', () => {
      expect(mail({ link: LINK }).html).not.toMatch(/<(img|link|iframe|script|object|video)|url\(|@import|src=/i);
    });

    it('fits into its text message, whatever the product is called', () => {
      for (const product of ['Account', language === 'en' ? 'x'.repeat(60) : LONGEST_NAME]) {
        const { text } = createRenderMessage({ product, fallback: 'en' })(
          contents({ channel: 'sms', language, template, code: '012345' }),
        );
        if (WITH_CODE.includes(template)) expect(text).toContain('012345');
        expect([...text].length).toBeLessThanOrEqual(language === 'en' ? 160 : 134);
        if (language === 'en') expect(text).toMatch(/^[\w .,:;'?!()@&-]+$/);
      }
    });
  },
);

describe('Rendering', () => {
  it('sends no registration link to the holder of an account', () => {
    const { text, mail } = render(contents({ template: 'registration_taken', link: LINK }));
    expect(text + mail?.html).not.toContain('token=');
  });

  it('takes the language of the set-up where the person has one that there is no text in', () => {
    const inRussian = createRenderMessage({ product: 'P', fallback: 'ru' });
    expect(inRussian(contents({ language: 'de' })).mail?.subject).toMatch(/[а-я]/);
  });

  it('refuses a template that there is not', () => {
    expect(() => render(contents({ template: 'toString' }))).toThrow('There is no template toString.');
  });

  it.each([
    [60, '60 minutes', '60 минут'],
    [90, '90 minutes', '90 минут'],
    [36 * 60, '36 hours', '36 часов'],
    [24 * 60, '1 day', '1 день'],
    [7 * 24 * 60, '7 days', '7 дней'],
    [30 * 24 * 60, '30 days', '30 дней'],
  ])('says of a link that lasts %i minutes: %s, %s', (minutes, english, russian) => {
    const expiresAt = new Date(createdAt.getTime() + minutes * 60_000);
    const of = (language: string) => render(contents({ template: 'invitation', link: LINK, expiresAt, language })).text;
    expect(of('en')).toContain(`valid for ${english},`);
    expect(of('ru').replaceAll('\u00a0', ' ')).toContain(`действует ${russian},`);
  });

  it.each([
    ['en', 'x', 2 * 153],
    ['ru', 'П', 3 * 67],
  ])(
    'in %s fits an invitation with its link into the segments that docs/messages.md tells',
    (language, letter, most) => {
      const link = `${'https://'.padEnd(25, 'x')}/invitation#token=${'T'.repeat(64)}`;
      const product = letter.repeat(60);
      const { text } = createRenderMessage({ product, fallback: 'en' })(
        contents({ channel: 'sms', language, template: 'invitation', link }),
      );
      expect(text).toContain(link);
      expect(text.length).toBeLessThanOrEqual(most);
    },
  );

  it('says the time in UTC', () => {
    expect(render(contents({ template: 'password_changed' })).text).toContain('at 09:54 UTC on 21 November 2026.');
    const russian = render(contents({ template: 'password_changed', language: 'ru' })).text;
    expect(russian).toMatch(/задан в 09:54 UTC 21 ноября 2026\sг\.\n/);
  });

  it('escapes what HTML needs and nothing else: some link rewriters stumble over more', () => {
    const link = `https://front.example/a/b?c=d&e="f"'g'\`<h>#token=T`;
    expect(render(contents({ link })).mail?.html).toContain(
      `href="https://front.example/a/b?c=d&amp;e=&quot;f&quot;'g'\`&lt;h&gt;#token=T"`,
    );
  });

  it('has colours in dark mode that the rule for all paragraphs of the card does not outweigh', () => {
    const html = render(contents({ link: LINK })).mail?.html ?? '';
    for (const name of ['faint', 'code', 'button']) expect(html).toMatch(new RegExp(`\\.card \\.${name} \\{`));
  });
});

describe('A link', () => {
  it.each([
    ['https://front.example', 'https://front.example/password-reset#token=T'],
    ['https://front.example/', 'https://front.example/password-reset#token=T'],
    ['https://front.example/app//', 'https://front.example/app/password-reset#token=T'],
  ])('under %s is %s', (base, link) => {
    expect(linkWith(base, 'password_reset', 'T')).toBe(link);
  });

  it('of an invitation leads to one page, for whoever has an account and for whoever has none', () => {
    expect(linkWith('https://front.example', 'invitation', 'T')).toBe('https://front.example/invitation#token=T');
  });
});
