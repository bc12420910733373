import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { lifetimeOf, methodOf } from '../src/challenges/start-challenge.ts';
import type { ChallengeMethod, ChallengePurpose } from '../src/db/challenge-functions.ts';
import { LANGUAGES } from '../src/languages.ts';
import type { Language } from '../src/languages.ts';
import { linkWith } from '../src/messages/links.ts';
import { createRenderMessage } from '../src/messages/render.ts';
import type { RenderedMessage } from '../src/messages/render.ts';
import { TEMPLATES } from '../src/messages/texts/texts.ts';
import type { TemplateName } from '../src/messages/texts/texts.ts';

/** Renders every message in every language to files for looking at: `npm run messages`. Nothing is sent. */
const DIRECTORY = path.join('.data', 'rendered-messages');
const LINK_BASE = 'http://localhost:8080';
const TOKEN = 'x'.repeat(64);
/** What the message carries proof for; null: it is a notice. */
const PURPOSES: { readonly [T in TemplateName]: ChallengePurpose | null } = {
  registration: 'registration',
  registration_taken: 'registration',
  code_login: 'code_login',
  contact_confirmation: 'contact_confirmation',
  password_reset: 'password_reset',
  invitation: 'invitation',
  password_changed: null,
  account_deactivated: null,
  contact_changed: null,
};
/** Who registers with a phone is sent a code to log in with. */
const MAIL_ONLY: readonly TemplateName[] = ['registration', 'registration_taken'];
const DAY = 24 * 60 * 60_000;
const NOTICE_LIFETIME = DAY;
const INVITATION_LIFETIME = 7 * DAY;

const render = createRenderMessage({ product: 'Example', fallback: 'en' });
const createdAt = new Date();
const rows: string[] = [];
let written = 0;

rmSync(DIRECTORY, { recursive: true, force: true });
mkdirSync(DIRECTORY, { recursive: true });
for (const template of TEMPLATES) {
  for (const language of LANGUAGES) {
    const page = renderFor('email', 'ada@example.com', template, language);
    const files: Record<string, string> = {
      html: write(`${template}.${language}.html`, page.mail?.html ?? ''),
      text: write(`${template}.${language}.txt`, page.text),
    };
    if (!MAIL_ONLY.includes(template)) {
      const sms = renderFor('sms', '+79991234567', template, language);
      files['sms'] = write(`${template}.${language}.sms.txt`, sms.text);
    }
    written += Object.keys(files).length;
    const links = Object.entries(files).map(([form, file]) => `<td><a href="${file}">${form}</a></td>`);
    rows.push(`<tr><td>${template}</td><td>${language}</td><td>${page.mail?.subject}</td>${links.join('')}</tr>`);
  }
}
write(
  'index.html',
  `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>Messages</title><style>body { font-family: sans-serif; } td { padding: 4px 12px; }</style></head>
<body><h1>Messages</h1><table>
${rows.join('\n')}
</table></body>
</html>
`,
);
console.log(`Wrote ${written} messages; open ${path.join(DIRECTORY, 'index.html')}`);

/** As it is sent: with a link or a code, and for as long. */
function renderFor(channel: string, recipient: string, template: TemplateName, language: Language): RenderedMessage {
  const purpose = PURPOSES[template];
  const { method, lifetime } = carriedIn(purpose, channel);
  return render({
    channel,
    recipient,
    template,
    language,
    createdAt,
    expiresAt: new Date(createdAt.getTime() + lifetime),
    code: method === 'code' ? '012345' : null,
    link: purpose && method === 'link' ? linkWith(LINK_BASE, purpose, TOKEN) : null,
  });
}

function carriedIn(
  purpose: ChallengePurpose | null,
  channel: string,
): { method: ChallengeMethod | null; lifetime: number } {
  if (purpose === null) return { method: null, lifetime: NOTICE_LIFETIME };
  if (purpose === 'invitation') return { method: 'link', lifetime: INVITATION_LIFETIME };
  const method = methodOf(purpose, channel);
  return { method, lifetime: lifetimeOf(purpose, method) };
}

function write(name: string, text: string): string {
  writeFileSync(path.join(DIRECTORY, name), text);
  return name;
}
