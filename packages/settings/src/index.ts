export { CARD_DEFAULTS, CARD_SETTING_NAMES, SETTING_NAMES, SETTINGS } from './catalogue.ts';
export type { CardSettingName, Setting, SettingFlag, SettingName } from './catalogue.ts';
export { checkSetting, limitOf } from './check-setting.ts';
export { defaultFrameRate } from './frame-rate.ts';
export { outputSize } from './output-size.ts';
export { pickSettings } from './pick-settings.ts';
export type { SettingValues } from './pick-settings.ts';
export { WORD_SETTING_NAMES, WORD_SETTINGS, wordOf } from './word-settings.ts';
export type { WordSetting, WordSettingName } from './word-settings.ts';
