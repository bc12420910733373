/** The forms of a noun, by the categories of Unicode; a language that has no form of its own for one takes `other`. */
type Forms = Partial<Record<Intl.LDMLPluralRule, string>> & { readonly other: string };

/** `3 sessions`, in the form that goes with the number. */
export function createCount(language: string): (count: number, forms: Forms) => string {
  const rules = new Intl.PluralRules(language);
  return (count, forms) => `${count} ${forms[rules.select(count)] ?? forms.other}`;
}
