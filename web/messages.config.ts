import { join } from 'node:path';

/** How the messages are compiled: for the app, for its tests, and for the checks. */
export const messages = {
  project: join(import.meta.dirname, 'project.inlang'),
  outdir: join(import.meta.dirname, 'src/lib/i18n/gen'),
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'] as ['cookie', 'preferredLanguage', 'baseLocale'],
  cookieName: 'language',
  emitGitIgnore: false,
  emitPrettierIgnore: false,
  emitReadme: false,
};
