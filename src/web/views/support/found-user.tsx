import { useEffect, useRef, useState } from 'preact/hooks';
import { UserState } from '../../../gen/web/accounts/v1/user_pb.js';
import type { FindUserResponse } from '../../../gen/web/accounts/v1/support_service_pb.js';
import { useAction } from '../../calls/use-action.ts';
import { useResult } from '../../calls/use-result.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { FailureNotice, Result } from '../../parts/notices.tsx';
import { SessionList } from '../../parts/session-list.tsx';
import { UserFacts } from './user-facts.tsx';

type Props = {
  readonly user: FindUserResponse;
  /** One of his sessions has ended; empty: all have. */
  readonly onEnded: (sessionId: string) => void;
};

/** Somebody who was found, and the one thing that can be done for him. */
export function FoundUser({ user, onEnded }: Props) {
  const { calls } = usePage();
  const { support: texts, sessions } = useTexts();
  const action = useAction();
  const [ending, setEnding] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const result = useResult();
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => heading.current?.focus(), []);
  const { userId, displayName, state } = user;

  async function end(sessionId: string): Promise<void> {
    result.forget();
    setEnding(sessionId);
    const isEnded = await action.run(async () => {
      const { endedSessions } = await calls.support.endSessionsOfUser({ userId, sessionId });
      result.tell(({ sessions: told }) => told.endedOthers(endedSessions));
      onEnded(sessionId);
    });
    setEnding(null);
    if (isEnded) setAsking(false);
  }
  return (
    <div class="box">
      <h2 ref={heading} tabIndex={-1}>
        {displayName || texts.unnamed}
      </h2>
      <UserFacts user={user} stateText={texts.states[UserState[state] as keyof typeof texts.states]} />
      <h3>{sessions.title}</h3>
      {!isAsking && <FailureNotice failure={action.failure} />}
      <Result>{result.text}</Result>
      {user.sessions.length === 0 && <p>{texts.noSessions}</p>}
      <SessionList sessions={user.sessions} ending={ending} onEnd={({ sessionId }) => void end(sessionId)} />
      {user.sessions.length > 0 && (
        <div class="actions">
          <Button look="danger" onClick={() => setAsking(true)}>
            {texts.endAll}
          </Button>
        </div>
      )}
      {isAsking && (
        <ConfirmDialog
          title={texts.endAllQuestion}
          action={action}
          confirm={texts.endAll}
          onConfirm={() => void end('')}
          onClose={() => setAsking(false)}
        >
          <p>{texts.endAllHint}</p>
        </ConfirmDialog>
      )}
    </div>
  );
}
