export { allowLists, inboxPrefix } from './allow-lists.ts';
export type { Access, AllowLists } from './allow-lists.ts';
export { access, LAUNCHER_STREAM, LAUNCHER_SUBJECT } from './users.ts';
export type { UserName } from './users.ts';
