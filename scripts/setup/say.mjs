/**
 * Prints the next step of the set-up to stderr.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`› ${line}\n`);
}

/** The task can't run. The message is for the user. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}
