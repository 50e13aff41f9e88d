import { Client, credentials } from '@grpc/grpc-js';
import { setTimeout as delay } from 'node:timers/promises';

/** Timeout of one attempt. Milliseconds. */
const ATTEMPT_TIMEOUT_MS = 1_000;
const PAUSE_MS = 100;

/** Repeats an attempt until it succeeds. @throws the signal's reason */
export async function untilReady(
  attempt: (signal: AbortSignal) => Promise<boolean>,
  signal: AbortSignal,
): Promise<void> {
  for (;;) {
    signal.throwIfAborted();
    const within = AbortSignal.any([signal, AbortSignal.timeout(ATTEMPT_TIMEOUT_MS)]);
    if (await attempt(within).catch(() => false)) return;
    await delay(PAUSE_MS, undefined, { signal });
  }
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
