import { useTexts } from '../page.ts';
import { Heading } from '../parts/heading.tsx';
import { Link } from '../parts/link.tsx';

/** An address that leads to no view. */
export function Nowhere() {
  const { nowhere } = useTexts();
  return (
    <section class="card narrow">
      <Heading text={nowhere.title} />
      <p>
        <Link to="/">{nowhere.back}</Link>
      </p>
    </section>
  );
}
