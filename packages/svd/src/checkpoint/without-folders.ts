/** A message without the paths of folders before the names of files: users of the service see it. */
export const withoutFolders = (message: string, ...folders: readonly string[]): string =>
  folders.reduce((text, folder) => text.replaceAll(`${folder}/`, ''), message);
