import { useEffect, useState } from 'preact/hooks';
import { useTexts } from '../page.ts';
import { Button } from './button.tsx';

type Props = {
  /** Milliseconds until the next message may be asked for. */
  readonly delay: number;
  readonly isPending: boolean;
  readonly onResend: () => void;
};

/** Asks for another message as soon as the service sends one. A new `delay` begins with a new `key`. */
export function Resend({ delay, isPending, onResend }: Props) {
  const texts = useTexts();
  const [left, setLeft] = useState(Math.ceil(delay / 1000));
  const isWaiting = left > 0;
  useEffect(() => {
    if (!isWaiting) return undefined;
    const endsAt = performance.now() + delay;
    const timer = setInterval(() => setLeft(Math.max(0, Math.ceil((endsAt - performance.now()) / 1000))), 1000);
    return () => clearInterval(timer);
  }, [isWaiting]);
  return (
    <Button look="link" disabled={isWaiting} isPending={isPending} onClick={onResend}>
      {isWaiting ? texts.code.resendIn(left) : texts.code.resend}
    </Button>
  );
}
