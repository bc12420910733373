import { useState } from 'preact/hooks';
import type { FindUserResponse } from '../../../gen/web/accounts/v1/support_service_pb.js';
import type { Session } from '../../../gen/web/auth/v1/session_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { usePage, useTexts } from '../../page.ts';
import { Field } from '../../parts/field.tsx';
import { Form } from '../../parts/form.tsx';
import { Heading } from '../../parts/heading.tsx';
import { FoundUser } from './found-user.tsx';

/** For staff: one person at a time, by a contact that he has named. Who may do this the service decides. */
export function Support() {
  const { calls } = usePage();
  const { support: texts } = useTexts();
  const action = useAction();
  const [found, setFound] = useState<FindUserResponse | null>(null);

  async function find(contact: string): Promise<void> {
    setFound(null);
    await action.run(async () => setFound(await calls.support.findUser({ contact })));
  }
  /** Of whoever is shown; another one may have been looked up meanwhile. */
  function ended(userId: string, sessionId: string): void {
    setFound((now) => now && (now.userId === userId ? { ...now, sessions: without(now.sessions, sessionId) } : now));
  }
  return (
    <section class="card">
      <Heading text={texts.title} />
      <p class="lead">{texts.hint}</p>
      <Form action={action} submit={texts.find} onSubmit={(values) => void find(values('contact').trim())}>
        <Field name="contact" label={texts.contact} hint={texts.contactHint} input={{ autoComplete: 'off' }} />
      </Form>
      {found && <FoundUser key={found.userId} user={found} onEnded={(sessionId) => ended(found.userId, sessionId)} />}
    </section>
  );
}

/** What is left of somebody's sessions when one has ended; empty: all have. */
function without(sessions: readonly Session[], ended: string): Session[] {
  return ended === '' ? [] : sessions.filter(({ sessionId }) => sessionId !== ended);
}
