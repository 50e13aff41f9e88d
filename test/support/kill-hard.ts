/** Sends SIGKILL. @returns whether the process still existed */
export function killHard(pid: number): boolean {
  try {
    return process.kill(pid, 'SIGKILL');
  } catch {
    // It has already ended.
    return false;
  }
}
