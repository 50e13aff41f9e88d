/** The message of a log line of a service or of NATS, without time, process and level. */
export function logMessage(line: string): string {
  const plain = line.trim().replace(/^\[\d+\] \S+ \S+ \[[A-Z]{3}\] /, '');
  if (!plain.startsWith('{')) return plain;
  try {
    const { message, error } = JSON.parse(plain) as { message?: unknown; error?: unknown };
    if (typeof message !== 'string') return plain;
    return typeof error === 'string' ? `${message}: ${error}` : message;
  } catch {
    return plain;
  }
}
