/** What keeps the system from starting or running, in one line for the person who started it. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}
