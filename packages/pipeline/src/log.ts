/** What is said about a line of the log beside its message. Nothing of a photo, a key or a cookie belongs here. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** From what says most to what says least. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a service says what it does. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, error: unknown, fields?: LogFields): void;
}

/**
 * One JSON object a line, on standard error.
 * @param least lines of lower levels are left out.
 */
export function createLog(
  service: string,
  least: LogLevel = 'info',
  write: (line: string) => void = (line) => process.stderr.write(line),
): Log {
  const say = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    write(`${JSON.stringify({ time: new Date().toISOString(), level, service, message, ...fields })}\n`);
  };
  return {
    info: (message, fields) => say('info', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    error: (message, error, fields) => say('error', message, { ...fields, error: describeError(error) }),
  };
}

/** An error and what caused it, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}${cause}`.replaceAll(/\s*\n\s*/g, ' ');
}
