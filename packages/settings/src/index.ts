export { CARD_DEFAULTS, CARD_SETTING_NAMES, SETTING_NAMES, SETTINGS } from './catalogue.ts';
export type { CardSettingName, Setting, SettingFlag, SettingName } from './catalogue.ts';
export { checkSetting } from './check-setting.ts';
export { limitOf } from './limit-of.ts';
export { pickSettings } from './pick-settings.ts';
export type { SettingValues } from './pick-settings.ts';
