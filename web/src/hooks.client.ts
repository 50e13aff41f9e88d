import { locales, overwriteGetLocale } from '#lib/i18n/gen/runtime.js';
import { languageTag } from '#lib/i18n/index.ts';

// The server has chosen the language; hydration must use the same one.
const locale = locales.find((known) => languageTag(known) === document.documentElement.lang) ?? locales[0];
overwriteGetLocale(() => locale);
