/**
 * The one layout of all mails (mustache). No images, no scripts, nothing from elsewhere; tables only lay out, and say so to
 * screen readers. Colours hold in dark mode, too: those of the system where a reader has them, else dark on light throughout.
 */
export const HTML_LAYOUT = `<!doctype html>
<html lang="{{language}}" dir="ltr">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="supported-color-schemes" content="light dark">
<title>{{subject}}</title>
<style>
:root { color-scheme: light dark; }
@media (prefers-color-scheme: dark) {
  .page { background-color: #16181c !important; }
  .card { background-color: #22252b !important; }
  .card, .card h1, .card p { color: #f2f3f5 !important; }
  .faint, .card .faint { color: #b4b9c2 !important; }
  .card .code { background-color: #33373f !important; color: #ffffff !important; }
  .card .button { background-color: #8ab4ff !important; color: #10131a !important; }
}
</style>
</head>
<body class="page" style="margin:0;padding:0;background-color:#f2f3f5;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="page" style="background-color:#f2f3f5;">
<tr><td align="center" style="padding:24px 12px;">
<table role="presentation" width="100%" cellpadding="0" cellspacing="0" class="card" style="max-width:560px;background-color:#ffffff;border-radius:8px;color:#1b1e23;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:16px;line-height:1.5;">
<tr><td style="padding:32px;">
<h1 style="margin:0 0 16px;font-size:22px;line-height:1.3;color:#1b1e23;">{{heading}}</h1>
{{#paragraphs}}
<p style="margin:0 0 16px;">{{.}}</p>
{{/paragraphs}}
{{#code}}
<p style="margin:0 0 8px;">{{action}}</p>
<p class="code" style="margin:0 0 16px;padding:12px 16px;background-color:#eceef2;color:#1b1e23;border-radius:6px;font-family:Consolas,Menlo,monospace;font-size:28px;letter-spacing:4px;text-align:center;">{{code}}</p>
{{/code}}
{{#link}}
<p style="margin:0 0 16px;"><a class="button" href="{{link}}" style="display:inline-block;padding:12px 20px;background-color:#1a4fb4;color:#ffffff;border-radius:6px;text-decoration:none;font-weight:600;">{{action}}</a></p>
<p class="faint" style="margin:0 0 16px;font-size:14px;color:#565d68;">{{copyLink}}<br><span style="word-break:break-all;">{{link}}</span></p>
{{/link}}
{{#life}}
<p style="margin:0 0 16px;">{{life}}</p>
{{/life}}
<p style="margin:0;">{{notYou}}</p>
</td></tr>
</table>
<p class="faint" style="max-width:560px;margin:16px auto 0;font-family:-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif;font-size:13px;line-height:1.5;color:#565d68;">{{footer}}</p>
</td></tr>
</table>
</body>
</html>
`;

export const TEXT_LAYOUT = `{{heading}}

{{#paragraphs}}
{{.}}

{{/paragraphs}}
{{#code}}
{{action}}

{{code}}

{{/code}}
{{#link}}
{{action}}:
{{link}}

{{/link}}
{{#life}}
{{life}}

{{/life}}
{{notYou}}

--${' '}
{{footer}}
`;
