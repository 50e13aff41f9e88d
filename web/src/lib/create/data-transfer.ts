/** The first image among dropped or pasted files; without one the first file, so that opening it reports the problem. */
export function firstPhoto(data: DataTransfer | null): File | undefined {
  const files = [...(data?.files ?? [])];
  return files.find(({ type }) => type.startsWith('image/')) ?? files[0];
}

/** Whether files are dragged, rather than text or a link. */
export const hasFiles = (data: DataTransfer | null): boolean => data?.types.includes('Files') ?? false;
