/**
 * Estimates how much memory a child keeps from earlier runs: its anonymous memory, less what it had when it started and what
 * loading each of its graphs added. ONNX Runtime keeps the most memory that any run of a graph needed.
 */
export function createUnusedMemory() {
  const added = new Map<string, number>();
  let initial = 0;
  let current = 0;
  return {
    started(bytes: number): void {
      added.clear();
      initial = bytes;
      current = bytes;
    },
    loaded(key: string, bytes: number): void {
      added.set(key, Math.max(0, bytes - current));
      current = bytes;
    },
    unloaded(key: string): void {
      added.delete(key);
    },
    measured(bytes: number): void {
      current = bytes;
    },
    /** Bytes. */
    read(): number {
      return [...added.values()].reduce((left, bytes) => left - bytes, current - initial);
    },
  };
}
