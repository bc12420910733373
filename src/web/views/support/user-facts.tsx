import type { FindUserResponse } from '../../../gen/web/accounts/v1/support_service_pb.js';
import { useTexts } from '../../page.ts';
import { Moment } from '../../parts/moment.tsx';
import { nameOfRole } from '../../texts/texts.ts';

type Props = { readonly user: FindUserResponse; readonly stateText: string };

/** Who was found, as far as staff may see it. */
export function UserFacts({ user, stateText }: Props) {
  const texts = useTexts();
  const { support } = texts;
  const roles = [...new Set(user.roles.map(({ role }) => role))].map((role) => nameOfRole(texts, role));
  return (
    <dl>
      <dt>{support.state}</dt>
      <dd>{stateText}</dd>
      <dt>{support.contacts}</dt>
      <dd>{user.maskedContacts.join(', ')}</dd>
      <dt>{support.roles}</dt>
      <dd>{roles.join(', ') || support.noRoles}</dd>
      <dt>{support.since}</dt>
      <dd>
        <Moment time={user.createTime} />
      </dd>
      <dt>{support.id}</dt>
      <dd class="value">{user.userId}</dd>
    </dl>
  );
}
