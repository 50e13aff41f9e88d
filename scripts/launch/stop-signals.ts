/** Pressed once, Ctrl-C may arrive more than once: from the terminal and from npm. Milliseconds. */
const SAME_SIGNAL_MS = 300;

/**
 * Handles what asks a program to end: Ctrl-C, SIGTERM, and the closing of its terminal.
 *
 * @param first told of the first one: to end in order
 * @param again told of the next ones: to end at once
 */
export function onStopSignals(first: () => void, again: () => void): void {
  // A closed terminal is a reason to stop (SIGHUP), not to crash.
  for (const stream of [process.stdout, process.stderr]) stream.on('error', () => undefined);
  let since: number | undefined;
  const onSignal = (): void => {
    if (since === undefined) {
      since = Date.now();
      first();
    } else if (Date.now() - since > SAME_SIGNAL_MS) {
      again();
    }
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, onSignal);
}
