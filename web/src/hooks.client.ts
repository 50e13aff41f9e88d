import { locales, overwriteGetLocale } from '#lib/i18n/gen/runtime.js';

// The server has chosen the language; hydration must use the same one.
const locale = locales.find((known) => known === document.documentElement.lang) ?? locales[0];
overwriteGetLocale(() => locale);
