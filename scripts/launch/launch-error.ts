/** The system can't start or run. The message is one line for the user. */
export class LaunchError extends Error {
  override readonly name = 'LaunchError';
}
