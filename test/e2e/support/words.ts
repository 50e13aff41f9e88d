import common from '../../../web/messages/common/es.json' with { type: 'json' };
import create from '../../../web/messages/create/es.json' with { type: 'json' };
import gallery from '../../../web/messages/gallery/es.json' with { type: 'json' };
import share from '../../../web/messages/share/es.json' with { type: 'json' };
import video from '../../../web/messages/video/es.json' with { type: 'json' };

/** What the app says, in the language that the tests' visitors speak. */
export const es = { ...common, ...create, ...gallery, ...share, ...video };

/** Matches a message, whatever stands for the `{names}` in it. */
export const like = (message: string): RegExp =>
  new RegExp(
    message
      .split(/\{\w+\}/)
      .map((part) => RegExp.escape(part))
      .join('.+'),
  );
