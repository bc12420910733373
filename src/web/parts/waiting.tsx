import { useTexts } from '../page.ts';

/** Something is on its way. It shows only when that takes time (styles.css). */
export function Waiting() {
  const texts = useTexts();
  return (
    <p class="waiting" role="status">
      {texts.wait}
    </p>
  );
}
