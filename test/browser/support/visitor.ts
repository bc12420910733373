import type { Page } from 'playwright-core';

export type Visitor = ReturnType<typeof createVisitor>;

/** A person in front of a page, who goes by what it says: headings, labels, the names of buttons, never by its insides. */
export function createVisitor(tab: Page) {
  /** An open dialog is all there is. */
  const scope = async () =>
    (await tab.getByRole('dialog').count()) > 0 ? tab.getByRole('dialog') : tab.locator('body');
  return {
    tab,
    goTo: async (path: string) => await tab.goto(path),
    /** Where he is: the heading of the view. */
    sees: async (heading: string) => await tab.getByRole('heading', { level: 1, name: heading, exact: true }).waitFor(),
    fill: async (label: string, text: string) => await tab.getByLabel(label, { exact: true }).fill(text),
    press: async (button: string) => await (await scope()).getByRole('button', { name: button, exact: true }).click(),
    follow: async (link: string) => await tab.getByRole('link', { name: link, exact: true }).click(),
    /** What is read out to him: results, and what has gone wrong. */
    hears: async (text: string | RegExp) =>
      await tab.getByRole('status').or(tab.getByRole('alert')).getByText(text).first().waitFor(),
    asked: async (dialog: string) => await tab.getByRole('dialog', { name: dialog }).waitFor(),
    /** A row of a list, by something in it. */
    row: (text: string | RegExp) => tab.getByRole('listitem').filter({ hasText: text }),
  };
}
