import { join } from 'node:path';

/** Paraglide's options, which the build, the tests and `prepare.ts` share. */
export const messages = {
  project: join(import.meta.dirname, 'project.inlang'),
  outdir: join(import.meta.dirname, 'src/lib/i18n/gen'),
  strategy: ['cookie', 'preferredLanguage', 'baseLocale'] as ['cookie', 'preferredLanguage', 'baseLocale'],
  cookieName: 'language',
  emitGitIgnore: false,
  emitPrettierIgnore: false,
  emitReadme: false,
};
