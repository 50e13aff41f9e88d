/** The app's words in the visitor's language: `m.create_animate()`; and which language that is. */
export { m } from './gen/messages.js';
export { getLocale, locales, setLocale } from './gen/runtime.js';
export type { Locale } from './gen/runtime.js';
