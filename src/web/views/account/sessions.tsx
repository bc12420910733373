import { useState } from 'preact/hooks';
import type { Session } from '../../../gen/web/auth/v1/session_pb.js';
import { useAction, useLoaded } from '../../calls/use-action.ts';
import { useResult } from '../../calls/use-result.ts';
import { usePage, useTexts } from '../../page.ts';
import { Button } from '../../parts/button.tsx';
import { ConfirmDialog } from '../../parts/dialog.tsx';
import { Heading } from '../../parts/heading.tsx';
import { Loading } from '../../parts/loading.tsx';
import { FailureNotice, Result } from '../../parts/notices.tsx';
import { SessionList } from '../../parts/session-list.tsx';

/** Where the person is logged in, and the way to end that. */
export function Sessions() {
  const { calls } = usePage();
  const { sessions: texts } = useTexts();
  const list = useLoaded(() => calls.sessions.listSessions({}));
  const action = useAction();
  const [ending, setEnding] = useState<string | null>(null);
  const [isAsking, setAsking] = useState(false);
  const result = useResult();

  async function endOne({ sessionId, deviceName }: Session): Promise<void> {
    result.forget();
    setEnding(sessionId);
    const isEnded = await action.run(() => calls.sessions.endSession({ sessionId }));
    setEnding(null);
    if (isEnded) result.tell(({ sessions: told }) => told.ended(deviceName || told.unknownDevice));
    await list.reload();
  }

  async function endOthers(): Promise<void> {
    setAsking(false);
    result.forget();
    await action.run(async () => {
      const { endedSessions } = await calls.sessions.endOtherSessions({});
      result.tell(({ sessions: told }) => told.endedOthers(endedSessions));
    });
    await list.reload();
  }

  const sessions = list.value?.sessions ?? [];
  return (
    <>
      <Heading text={texts.title} />
      <p class="lead">{texts.hint}</p>
      <FailureNotice failure={action.failure} />
      <Result>{result.text}</Result>
      <Loading loaded={list} />
      <SessionList sessions={sessions} ending={ending} onEnd={(session) => void endOne(session)} />
      {sessions.length > 1 && (
        <div class="actions">
          <Button look="danger" isPending={action.isPending && ending === null} onClick={() => setAsking(true)}>
            {texts.endOthers}
          </Button>
        </div>
      )}
      {isAsking && (
        <ConfirmDialog
          title={texts.endOthersQuestion}
          action={action}
          confirm={texts.endOthers}
          onConfirm={() => void endOthers()}
          onClose={() => setAsking(false)}
        >
          <p>{texts.endOthersHint}</p>
        </ConfirmDialog>
      )}
    </>
  );
}
