/** The templates that functions of the database and use cases enqueue. */
export const TEMPLATES = [
  'registration',
  'registration_taken',
  'code_login',
  'contact_confirmation',
  'password_reset',
  'invitation',
  'password_changed',
  'account_deactivated',
  'contact_changed',
] as const;
export type TemplateName = (typeof TEMPLATES)[number];

/** What one template says. mustache; the variables are those of `TextView`. */
type TemplateText = {
  readonly subject: string;
  readonly heading: string;
  readonly paragraphs: readonly string[];
  /** What the link or code is for, on the button and above the code. */
  readonly action: { readonly link: string; readonly code: string } | null;
  /** What to do for somebody who did not ask for it. */
  readonly notYou: string;
  /** The whole message where there is no room: a text message. */
  readonly short: string;
};

/** What all templates of a language share. */
export type LanguageTexts = {
  readonly linkLife: string;
  readonly copyLink: string;
  readonly codeLife: string;
  readonly footer: string;
  readonly templates: { readonly [T in TemplateName]: TemplateText };
};

export type TextView = {
  readonly product: string;
  readonly recipient: string;
  /** Such as "10 minutes". */
  readonly lifetime: string;
  /** When it was done, such as "09:54 UTC on 21 November 2026". */
  readonly time: string;
  /** When the code or link ends, in the same form. */
  readonly end: string;
  readonly code: string | null;
  readonly link: string | null;
};
