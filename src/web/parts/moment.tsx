import type { Timestamp } from '@bufbuild/protobuf/wkt';
import { timestampDate } from '@bufbuild/protobuf/wkt';
import { useLanguage } from '../page.ts';

/** A moment, in the language and the time zone of the person. */
export function Moment({ time }: { readonly time: Timestamp | undefined }) {
  const language = useLanguage();
  if (!time) return null;
  const date = timestampDate(time);
  const format = new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeStyle: 'short' });
  return <time dateTime={date.toISOString()}>{format.format(date)}</time>;
}
