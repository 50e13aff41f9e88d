/** A message for a push service, encrypted for one device. */
export interface PushMessage {
  readonly endpoint: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
}

/** Delivers messages to push services. This is the only part of the push code that opens connections. */
export interface PushTransport {
  /** Whether messages are sent to this endpoint. */
  allows(endpoint: string): boolean;
  /**
   * @returns the HTTP status of the answer.
   * @throws when the push service cannot be reached in time.
   */
  send(message: PushMessage, signal: AbortSignal): Promise<number>;
}

/**
 * The push services of Chrome, Firefox, Edge and Safari. An entry that begins with a dot stands for all hosts that end with
 * it.
 */
export const PUSH_HOSTS =
  'fcm.googleapis.com,.push.services.mozilla.com,.notify.windows.com,.push.apple.com,web.push.apple.com';

/** How long a push service may take to answer. Milliseconds. */
const TIMEOUT_MS = 10_000;

/**
 * Sends over https, and only to known push services: subscriptions come from callers, who could name any address.
 * @param hosts separated by commas, as in {@link PUSH_HOSTS}. An entry with a scheme, such as `http://127.0.0.1:8090`, is an
 *   exact origin, for a push service of one's own.
 */
export function createPushTransport(hosts: string): PushTransport {
  const entries = hosts
    .split(',')
    .map((entry) => entry.trim())
    .filter(Boolean);

  function allows(endpoint: string): boolean {
    if (!URL.canParse(endpoint)) return false;
    const { protocol, hostname, port, origin, username, password } = new URL(endpoint);
    if (username !== '' || password !== '') return false;
    return entries.some((entry) => {
      if (entry.includes('://')) return origin === entry;
      const known = entry.startsWith('.') ? hostname.endsWith(entry) : hostname === entry;
      return known && protocol === 'https:' && port === '';
    });
  }

  return {
    allows,
    async send({ endpoint, headers, body }, signal) {
      if (!allows(endpoint)) throw new RangeError('the endpoint belongs to no known push service');
      const response = await fetch(endpoint, {
        method: 'POST',
        headers,
        body: Uint8Array.from(body),
        redirect: 'manual',
        signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
      });
      await response.body?.cancel();
      return response.status;
    },
  };
}
