import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { LANGUAGES } from '../src/languages.ts';
import { createRenderMessage } from '../src/messages/render.ts';
import { TEMPLATES } from '../src/messages/texts/texts.ts';

/** Renders every message in every language to files for looking at: `npm run messages`. Nothing is sent. */
const DIRECTORY = path.join('.data', 'rendered-messages');
const LINK = `http://localhost:8080/example#token=${'x'.repeat(64)}`;

const render = createRenderMessage({ product: 'Example', fallback: 'en' });
const createdAt = new Date();
const expiresAt = new Date(createdAt.getTime() + 10 * 60_000);
const rows: string[] = [];

mkdirSync(DIRECTORY, { recursive: true });
for (const template of TEMPLATES) {
  for (const language of LANGUAGES) {
    const base = { template, language, createdAt, expiresAt };
    // As they are sent: a mail has a link, unless its purpose is a code.
    const inMail = template === 'code_login' ? { code: '012345', link: null } : { code: null, link: LINK };
    const page = render({ ...base, ...inMail, channel: 'email', recipient: 'ada@example.com' });
    const sms = render({ ...base, channel: 'sms', recipient: '+79991234567', code: '012345', link: null });
    const files = {
      html: write(`${template}.${language}.html`, page.mail?.html ?? ''),
      text: write(`${template}.${language}.txt`, page.text),
      sms: write(`${template}.${language}.sms.txt`, sms.text),
    };
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
console.log(`Wrote ${rows.length * 3} messages; open ${path.join(DIRECTORY, 'index.html')}`);

function write(name: string, text: string): string {
  writeFileSync(path.join(DIRECTORY, name), text);
  return name;
}
