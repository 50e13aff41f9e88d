/** What browsers tell about the connection. It is not standardized, so TypeScript has no type for it. */
interface Connection {
  readonly saveData?: boolean;
  readonly effectiveType?: string;
}

/** Whether videos may load and play without being asked for: not if the user saves data, wants no motion or has a slow network. */
export function mayAutoplay(): boolean {
  if (matchMedia('(prefers-reduced-motion: reduce)').matches) return false;
  if (matchMedia('(prefers-reduced-data: reduce)').matches) return false;
  const { connection } = navigator as { readonly connection?: Connection };
  return !connection?.saveData && !['slow-2g', '2g'].includes(connection?.effectiveType ?? '');
}
