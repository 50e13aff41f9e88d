import common from '../../../web/messages/common/es.json' with { type: 'json' };
import create from '../../../web/messages/create/es.json' with { type: 'json' };
import gallery from '../../../web/messages/gallery/es.json' with { type: 'json' };
import share from '../../../web/messages/share/es.json' with { type: 'json' };
import video from '../../../web/messages/video/es.json' with { type: 'json' };

/** The app's messages in Spanish, the language of the tests' visitors. */
export const es = { ...common, ...create, ...gallery, ...share, ...video };

/** Matches a message with any values for its `{placeholders}`. */
export const like = (message: string): RegExp =>
  new RegExp(
    message
      .split(/\{\w+\}/)
      .map((part) => RegExp.escape(part))
      .join('.+'),
  );

/** A message that depends on a number, as its file has it. */
interface PluralMessage {
  readonly match: Readonly<Record<string, string>>;
}

/** The text of a message that depends on a number, for this number. */
export function plural([message]: readonly PluralMessage[], count: number): string {
  const form = `form=${new Intl.PluralRules('es').select(count)}`;
  const text = message?.match[form] ?? message?.match['form=*'] ?? '';
  return text.replaceAll('{count}', String(count));
}
