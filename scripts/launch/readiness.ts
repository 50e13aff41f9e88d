import { retry } from '@cinematica/concurrency';
import { Client, credentials } from '@grpc/grpc-js';

/** Timeout of one attempt. Milliseconds. */
const ATTEMPT_TIMEOUT_MS = 1_000;
const PAUSE_MS = 100;

/** Repeats an attempt, 100 ms after the last one, until it resolves to true. @throws the signal's reason */
export async function untilReady(
  attempt: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  async function tryOnce(): Promise<void> {
    const within = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
    if (!(await attempt(within))) throw new Error('not ready yet');
  }
  await retry(tryOnce, { isRetryable: () => true, delayMs: () => PAUSE_MS, signal });
}

/** Resolves when the URL answers 2xx. */
export function httpReady(url: string, signal: AbortSignal): Promise<void> {
  return untilReady(async (within) => {
    const response = await fetch(url, { signal: within });
    await response.body?.cancel();
    return response.ok;
  }, signal);
}

/** Resolves when `grpc.health.v1.Health/Check` answers SERVING for the whole server. */
export async function grpcReady(address: string, signal: AbortSignal): Promise<void> {
  const client = new Client(address, credentials.createInsecure(), {
    // By default gRPC waits for up to two minutes between attempts to connect.
    'grpc.initial_reconnect_backoff_ms': PAUSE_MS,
    'grpc.max_reconnect_backoff_ms': ATTEMPT_TIMEOUT_MS,
  });
  try {
    await untilReady((within) => isServing(client, within), signal);
  } finally {
    client.close();
  }
}

function isServing(client: Client, signal: AbortSignal): Promise<boolean> {
  return new Promise((resolve) => {
    const call = client.makeUnaryRequest(
      '/grpc.health.v1.Health/Check',
      // HealthCheckRequest without a service: the empty message. HealthCheckResponse: field 1, status; 1 is SERVING.
      (empty: Buffer) => empty,
      (response) => response[0] === 0x08 && response[1] === 1,
      Buffer.alloc(0),
      { deadline: Date.now() + ATTEMPT_TIMEOUT_MS },
      (error, serving) => resolve(error === null && serving === true),
    );
    signal.addEventListener('abort', () => call.cancel(), { once: true });
  });
}
