import type { Locale } from './gen/runtime.js';

/** The messages in the user's language, such as `m.create_animate()`, and the language itself. */
export { m } from './gen/messages.js';
export { getLocale, locales, setLocale } from './gen/runtime.js';
export type { Locale } from './gen/runtime.js';

/** The language tag (BCP 47) of a page: the Portuguese is that of Brazil. */
export const languageTag = (locale: Locale): string => (locale === 'pt' ? 'pt-BR' : locale);
