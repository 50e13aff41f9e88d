import { locales, overwriteGetLocale } from '#lib/i18n/gen/runtime.js';

// The server has decided: its page and what the browser makes of it have to be in one language.
const locale = locales.find((known) => known === document.documentElement.lang) ?? locales[0];
overwriteGetLocale(() => locale);
