import type { Profile } from '../../../gen/web/accounts/v1/profile_pb.js';
import { useAction, useLoaded } from '../../calls/use-action.ts';
import { useResult } from '../../calls/use-result.ts';
import { usePage, useTexts } from '../../page.ts';
import { Field } from '../../parts/field.tsx';
import { Form } from '../../parts/form.tsx';
import type { Values } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { Result } from '../../parts/notices.tsx';
import { SelectField } from '../../parts/select.tsx';
import { TextAreaField } from '../../parts/text-area.tsx';
import { LANGUAGES } from '../../texts/languages.ts';

/** What the person tells about himself. */
export function ProfileView() {
  const { calls } = usePage();
  const { profile: texts } = useTexts();
  const loaded = useLoaded(() => calls.accounts.getProfile({}));
  return (
    <>
      <Heading text={texts.title} />
      <p class="lead">{texts.hint}</p>
      <Loading loaded={loaded} />
      {loaded.value?.profile && <ProfileForm profile={loaded.value.profile} />}
    </>
  );
}

function ProfileForm({ profile }: { readonly profile: Profile }) {
  const { calls } = usePage();
  const { profile: texts, fields, languages } = useTexts();
  const action = useAction();
  const result = useResult();

  async function save(values: Values): Promise<void> {
    const isSaved = await action.run(() =>
      calls.accounts.updateProfile({
        profile: {
          displayName: values('profile.display_name'),
          bio: values('profile.bio'),
          language: values('profile.language'),
        },
        updateMask: { paths: ['display_name', 'bio', 'language'] },
      }),
    );
    if (isSaved) result.tell(({ profile: { saved } }) => saved);
  }
  return (
    <Form action={action} submit={texts.save} onTry={result.forget} onSubmit={(values) => void save(values)}>
      <Field
        name="profile.display_name"
        label={fields.displayName}
        hint={fields.displayNameHint}
        isOptional
        input={{ defaultValue: profile.displayName, autoComplete: 'name', autoCapitalize: 'words', maxLength: 30 }}
      />
      <TextAreaField name="profile.bio" label={fields.bio} hint={fields.bioHint} value={profile.bio} longest={500} />
      <SelectField
        name="profile.language"
        label={fields.language}
        value={profile.language}
        options={[['', texts.anyLanguage], ...LANGUAGES.map((name) => [name, languages[name]] as const)]}
      />
      <Result>{result.text}</Result>
    </Form>
  );
}
