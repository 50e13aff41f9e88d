import { isSpanContextValid, trace } from '@opentelemetry/api';

/** What is said about a line of the log beside its message. Nothing of a photo, a key or a cookie belongs here. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>;

/** From what says most to what says least. */
export const LOG_LEVELS = ['info', 'warn', 'error'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];
export const LOG_FORMATS = ['json', 'text'] as const;
export type LogFormat = (typeof LOG_FORMATS)[number];

/** Where a service says what it does. */
export interface Log {
  info(message: string, fields?: LogFields): void;
  warn(message: string, fields?: LogFields): void;
  error(message: string, error: unknown, fields?: LogFields): void;
}

export interface LogOptions {
  /** Lines of lower levels are left out; `info` unless given. */
  readonly level?: LogLevel;
  /** Left out, it is text on a terminal. */
  readonly format?: LogFormat | undefined;
  /** Takes a line, with its end; standard error unless given. */
  readonly write?: (line: string) => void;
}

/** A line for each event on standard error, with the trace that it belongs to, if any. */
export function createLog(service: string, options: LogOptions = {}): Log {
  const { level: least = 'info', format = process.stderr.isTTY ? 'text' : 'json' } = options;
  const write = options.write ?? ((line: string) => void process.stderr.write(line));
  const say = (level: LogLevel, message: string, fields: LogFields = {}) => {
    if (LOG_LEVELS.indexOf(level) < LOG_LEVELS.indexOf(least)) return;
    const span = trace.getActiveSpan()?.spanContext();
    const all = { ...fields, ...(span && isSpanContextValid(span) && { trace: span.traceId }) };
    const time = new Date().toISOString();
    write(
      `${format === 'json' ? JSON.stringify({ time, level, service, message, ...all }) : text(time, level, service, message, all)}\n`,
    );
  };
  return {
    info: (message, fields) => say('info', message, fields),
    warn: (message, fields) => say('warn', message, fields),
    error: (message, error, fields) => say('error', message, { ...fields, error: describeError(error) }),
  };
}

/** For people: the time of day, and fields as they would be typed. */
function text(time: string, level: LogLevel, service: string, message: string, fields: LogFields): string {
  const said = Object.entries(fields).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${String(value)}`],
  );
  return [time.slice(11, 23), level === 'info' ? '' : level.toUpperCase(), `${service}:`, message, ...said]
    .filter(Boolean)
    .join(' ');
}

/** An error and what caused it, in one line. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause === undefined ? '' : `: ${describeError(error.cause)}`;
  return `${error.name === 'Error' ? '' : `${error.name}: `}${error.message}${cause}`.replaceAll(/\s*\n\s*/g, ' ');
}
