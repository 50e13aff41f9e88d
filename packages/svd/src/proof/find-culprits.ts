/**
 * Finds the members of a list that make a check fail, by bisection. It takes about as many checks as there are culprits, times
 * the logarithm of the list's length.
 * @param passes whether the check passes with these members alone. It does with none.
 */
export async function findCulprits<T>(
  members: readonly T[],
  passes: (members: readonly T[]) => Promise<boolean>,
): Promise<T[]> {
  if (members.length === 0 || (await passes(members))) return [];
  if (members.length === 1) return [...members];
  const half = members.length >> 1;
  return [
    ...(await findCulprits(members.slice(0, half), passes)),
    ...(await findCulprits(members.slice(half), passes)),
  ];
}
