/** Without a new frame for this long, finishing hangs. It is less than the deadline of a task without progress. Milliseconds. */
const STALL_MS = 120_000;

/** Ends finishing that hangs or takes too long. Time counts only while it computes: not while it waits for others. */
export interface FinishLimit extends Disposable {
  /** Aborted with the reason, in words, when the limit is reached. */
  readonly signal: AbortSignal;
  /** The caller waits for the next finished frame, or has it. */
  waitsForFrame(waits: boolean): void;
  /** Finishing waits for the next frame of the model, or has it. */
  waitsForSource(waits: boolean): void;
}

/** @param timeoutMs how long finishing may compute in total, milliseconds. */
export function createFinishLimit(timeoutMs: number, stallMs = STALL_MS): FinishLimit {
  const controller = new AbortController();
  let waits = { forFrame: false, forSource: false };
  let used = 0;
  let began: number | null = null;
  let timer: NodeJS.Timeout | undefined;

  const stop = (): void => {
    clearTimeout(timer);
    if (began !== null) used += performance.now() - began;
    began = null;
  };
  const change = (next: typeof waits): void => {
    waits = next;
    stop();
    if (!waits.forFrame || waits.forSource) return;
    began = performance.now();
    const left = Math.max(0, timeoutMs - used);
    const reason =
      left <= stallMs ? `took more than ${timeoutMs / 1000} s` : `made no progress for ${stallMs / 1000} s`;
    timer = setTimeout(() => controller.abort(reason), Math.min(left, stallMs));
  };
  return {
    signal: controller.signal,
    waitsForFrame: (forFrame) => change({ ...waits, forFrame }),
    waitsForSource: (forSource) => change({ ...waits, forSource }),
    [Symbol.dispose]: stop,
  };
}
