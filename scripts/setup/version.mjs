/**
 * Whether a version is at least another one. A pre-release (`24.11.0-rc.1`) counts as its release.
 *
 * @param {string} version `major.minor.patch`
 * @param {string} oldest the same
 */
export function atLeast(version, oldest) {
  const [ours, theirs] = [numbers(version), numbers(oldest)];
  const at = ours.findIndex((number, index) => number !== theirs[index]);
  return at === -1 || (ours[at] ?? 0) > (theirs[at] ?? 0);
}

/** @param {string} version */
function numbers(version) {
  return version.split('.', 3).map((part) => Number.parseInt(part, 10));
}
