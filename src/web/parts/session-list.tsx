import type { Session } from '../../gen/web/auth/v1/session_pb.js';
import { useLanguage, useTexts } from '../page.ts';
import { Button, Unseen } from './button.tsx';
import { Moment } from './moment.tsx';

type Props = {
  readonly sessions: readonly Session[];
  /** The one that is being ended. */
  readonly ending: string | null;
  readonly onEnd: (session: Session) => void;
};

/** Where somebody is logged in. */
export function SessionList({ sessions, ending, onEnd }: Props) {
  const language = useLanguage();
  const { sessions: texts } = useTexts();
  return (
    <ul class="rows">
      {sessions.map((session) => {
        const device = session.deviceName || texts.unknownDevice;
        const place = placeOf(session, language);
        return (
          <li key={session.sessionId}>
            <div>
              <strong>{device}</strong> {session.current && <span class="badge">{texts.current}</span>}
              <div class="details">
                {place !== '' && <span>{place}</span>}
                {session.ipAddress !== '' && <span>{session.ipAddress}</span>}
                <span>
                  {texts.lastActivity} <Moment time={session.lastActivityTime} />
                </span>
              </div>
            </div>
            {!session.current && (
              <Button isPending={ending === session.sessionId} onClick={() => onEnd(session)}>
                {texts.end}
                <Unseen>{device}</Unseen>
              </Button>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** `Kazan, Russia`, or as much of it as is known. */
function placeOf({ location }: Session, language: string): string {
  const { city = '', country = '' } = location ?? {};
  const name = country === '' ? '' : (new Intl.DisplayNames(language, { type: 'region' }).of(country) ?? country);
  return [city, name].filter(Boolean).join(', ');
}
