import { useLoaded } from '../../calls/use-action.ts';
import { usePage, useStore, useTexts } from '../../page.ts';
import { Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { nameOfRole } from '../../texts/texts.ts';

/** What the person is here, and in which organisations. Others give and take that. */
export function Roles() {
  const { calls, session } = usePage();
  const texts = useTexts();
  const state = useStore(session.state);
  const list = useLoaded(() => calls.organisations.listOrganisations({}));
  const organisations = list.value?.organisations ?? [];
  const all = state.status === 'logged-in' ? state.token.roles : [];
  return (
    <>
      <Heading text={texts.roles.title} />
      <p class="lead">{texts.roles.hint}</p>
      <Loading loaded={list} />
      <ul class="badges" aria-label={texts.roles.title}>
        {all.map((role) => (
          <li key={role} class="badge">
            {nameOfRole(texts, role)}
          </li>
        ))}
      </ul>
      {list.value && all.length === 0 && <p>{texts.roles.none}</p>}
      {organisations.length > 0 && (
        <>
          <h2>{texts.roles.organisations}</h2>
          <ul class="rows">
            {organisations.map(({ organisationId, name, roles, isHead }) => (
              <li key={organisationId}>
                <div>
                  <strong>{name}</strong> {isHead && <span class="badge">{texts.roles.head}</span>}
                  <div class="details">{roles.map((role) => nameOfRole(texts, role)).join(', ')}</div>
                </div>
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}
