import mustache from 'mustache';
import { LANGUAGES } from '../languages.ts';
import type { Language } from '../languages.ts';
import { HTML_LAYOUT, TEXT_LAYOUT } from './layout.ts';
import { EN } from './texts/en.ts';
import { RU } from './texts/ru.ts';
import { TEMPLATES } from './texts/texts.ts';
import type { LanguageTexts, TemplateName, TextView } from './texts/texts.ts';

/** What a message says. Other channels than e-mail have a text only. */
export type RenderedMessage = {
  readonly text: string;
  readonly mail: { readonly subject: string; readonly html: string } | null;
};

export type MessageContents = {
  readonly channel: string;
  readonly recipient: string;
  readonly template: string;
  readonly language: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly code: string | null;
  readonly link: string | null;
};

const TEXTS: { readonly [L in Language]: LanguageTexts } = { en: EN, ru: RU };

/** Writes messages in the languages that there are. Contacts and names are data: in HTML they are escaped. */
export function createRenderMessage({ product, fallback }: { product: string; fallback: Language }) {
  return function renderMessage(contents: MessageContents): RenderedMessage {
    const { channel, recipient, template, createdAt, expiresAt } = contents;
    // A profile may name a language that messages are not written in.
    const language = LANGUAGES.find((known) => known === contents.language) ?? fallback;
    const texts = TEXTS[language];
    if (!isTemplate(template)) throw new Error(`There is no template ${template}.`);
    const { subject, heading, paragraphs, action, notYou, short } = texts.templates[template];
    // Who has an account already is not sent the link that would open one, though there is a challenge with it.
    const { code, link } = action ? contents : { code: null, link: null };
    const view: TextView = {
      product,
      recipient,
      code,
      link,
      lifetime: lifetimeIn(expiresAt.getTime() - createdAt.getTime(), language),
      time: timeIn(createdAt, language),
      end: timeIn(expiresAt, language),
    };
    const write = (text: string) => mustache.render(text, view, undefined, { escape: String });
    if (channel !== 'email') return { text: write(short), mail: null };

    const page = {
      language,
      code,
      link,
      subject: write(subject),
      heading: write(heading),
      paragraphs: paragraphs.map(write),
      action: action && (code === null ? action.link : action.code),
      copyLink: texts.copyLink,
      life: code === null ? link && write(texts.linkLife) : write(texts.codeLife),
      notYou: write(notYou),
      footer: write(texts.footer),
    };
    return {
      text: mustache.render(TEXT_LAYOUT, page, undefined, { escape: String }),
      mail: { subject: page.subject, html: mustache.render(HTML_LAYOUT, page, undefined, { escape: escapeHtml }) },
    };
  };
}

export type RenderMessage = ReturnType<typeof createRenderMessage>;

function isTemplate(name: string): name is TemplateName {
  return TEMPLATES.some((known) => known === name);
}

/** In minutes up to an hour; longer ones in whole days or hours, whichever the time is made of. */
function lifetimeIn(milliseconds: number, language: Language): string {
  const minutes = Math.round(milliseconds / 60_000);
  const [unit, length] =
    minutes % (24 * 60) === 0
      ? (['day', 24 * 60] as const)
      : minutes % 60 === 0 && minutes > 60
        ? (['hour', 60] as const)
        : (['minute', 1] as const);
  return new Intl.NumberFormat(language, { style: 'unit', unit, unitDisplay: 'long' }).format(minutes / length);
}

/** In UTC, and saying so: where the reader is, nobody knows. */
function timeIn(time: Date, language: Language): string {
  const locale = language === 'en' ? 'en-GB' : language;
  const day = new Intl.DateTimeFormat(locale, { dateStyle: 'long', timeZone: 'UTC' }).format(time);
  const clock = new Intl.DateTimeFormat(locale, { timeStyle: 'short', timeZone: 'UTC' }).format(time);
  return `${clock} UTC ${language === 'en' ? 'on ' : ''}${day}`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };

/** What text and attributes in double quotes need. mustache would write / and = as entities, which some link rewriters break. */
function escapeHtml(value: unknown): string {
  return String(value).replaceAll(/[&<>"]/g, (character) => ENTITIES[character] ?? '');
}
