export { CAMERA_MOVE_NAMES, CAMERA_MOVES, cameraMoveName } from './camera-moves.ts';
export type { CameraMoveName } from './camera-moves.ts';
export { CARD_DEFAULTS, CARD_SETTING_NAMES, SETTING_NAMES, SETTINGS } from './catalogue.ts';
export type { CardSettingName, Setting, SettingFlag, SettingName } from './catalogue.ts';
export { checkSetting, limitOf } from './check-setting.ts';
export { pickSettings } from './pick-settings.ts';
export type { SettingValues } from './pick-settings.ts';
