import { useEffect } from 'preact/hooks';
import { useLoaded } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Link } from '../../parts/link.tsx';
import { Hint } from '../../parts/notices.tsx';

/** Leads a person whose contact is not confirmed yet to where that is done; in that section the list says it. */
export function Unconfirmed({ section }: { readonly section: string }) {
  const { calls } = usePage();
  const { account, contacts } = useTexts();
  const { value, reload } = useLoaded(() => calls.accounts.listContacts({}));
  useEffect(() => {
    if (value) void reload();
  }, [section]);
  const isShown = section !== 'contacts' && value?.contacts.some(({ confirmed }) => !confirmed);
  if (isShown !== true) return null;
  return (
    <Hint>
      {account.unconfirmed}{' '}
      <Link to="/account" section="contacts">
        {contacts.toContacts}
      </Link>
    </Hint>
  );
}
