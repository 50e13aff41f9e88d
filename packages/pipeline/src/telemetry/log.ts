import { isSpanContextValid, trace } from '@opentelemetry/api';

/** Further fields of a log line. They must not contain photos, keys or cookies. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** From the least to the most severe. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** The log of a service. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, error: unknown, fields?: LogFields): void;
}

export interface LogOptions {
  /** The lowest level that is written. @default 'info' */
  readonly level?: LogLevel;
  /** @default 'text' on a terminal, 'json' otherwise */
  readonly format?: LogFormat | undefined;
  /** Receives each line, including its line break. @default writes to standard error */
  readonly write?: (line: string) => void;
}

/** Creates a log that writes one line for each event, with the id of the active trace. */
export function createLog(service: string, options: LogOptions = {}): Log {
  const { level: minLevel = 'info', format = process.stderr.isTTY ? 'text' : 'json' } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const log = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(minLevel)) return;
    const span = trace.getActiveSpan()?.spanContext();
    const all = { ...fields, ...(span && isSpanContextValid(span) && { trace: span.traceId }) };
    const time = new Date().toISOString();
    write(
      `${format === 'json' ? JSON.stringify({ time, level, service, message, ...all }) : text(time, level, service, message, all)}\n`,
    );
  };
  return {
    info: (message, fields) => log('info', message, fields),
    warn: (message, fields) => log('warn', message, fields),
    error: (message, error, fields) => log('error', message, { ...fields, error: describeError(error) }),
  };
}

/** The text format: the time of day, the message, and `name=value` for each field. */
function text(time: string, level: LogLevel, service: string, message: string, fields: LogFields): string {
  const pairs = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${String(value)}`],
  );
  return [time.slice(11, 23), level === 'info' ? '' : level.toUpperCase(), `${service}:`, message, ...pairs]
    .filter(Boolean)
    .join(' ');
}

/** An error and its causes, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}${cause}`.replaceAll(/\s*\n\s*/g, ' ');
}
