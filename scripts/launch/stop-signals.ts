/** One Ctrl-C may arrive twice: from the terminal and from npm. Signals within this time count once. Milliseconds. */
const SAME_SIGNAL_MS = 300;

/**
 * Handles SIGINT (Ctrl-C), SIGTERM and SIGHUP (a closed terminal).
 *
 * @param first called at the first signal, to stop gracefully
 * @param again called at every further signal, to stop immediately
 */
export function onStopSignals(first: () => void, again: () => void): void {
  // Writing to a closed terminal must not crash the program, which stops by SIGHUP.
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
