/**
 * Tells the user, on stderr, the one thing that is done next.
 *
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`› ${line}\n`);
}

/** What keeps the task from running, in words for the person who called it. */
export class SetupError extends Error {
  /** @override */
  name = 'SetupError';
}
