export { allowLists, inboxPrefix } from './allow-lists.ts';
export type { AllowLists, UserPermissions } from './allow-lists.ts';
export { LAUNCHER_STREAM, LAUNCHER_SUBJECT, USER_PERMISSIONS } from './users.ts';
export type { UserName } from './users.ts';
