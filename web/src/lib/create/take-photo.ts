/** The first picture among the files that were dropped or pasted; else the first file, whose opening will say why not. */
export function firstPhoto(data: DataTransfer | null): File | undefined {
  const files = [...(data?.files ?? [])];
  return files.find(({ type }) => type.startsWith('image/')) ?? files[0];
}

/** Whether something that is dragged over the page is a file. */
export const hasFiles = (data: DataTransfer | null): boolean => data?.types.includes('Files') ?? false;
