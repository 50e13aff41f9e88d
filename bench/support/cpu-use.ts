import { readdirSync, readFileSync } from 'node:fs';

/** The clock ticks in a second of /proc's times: USER_HZ, which is 100 on every architecture of Linux. */
const TICKS_PER_SECOND = 100;

/** How many cores were busy on average since the measurement began. */
export interface CpuUse {
  /** With this process and all its descendants. */
  readonly own: number;
  /** With everything else on this machine, and with what its hypervisor took away. */
  readonly others: number;
}

/**
 * Measures who uses the cores of this machine. Only on Linux.
 *
 * @returns a function that returns the use since the call.
 */
export function measureCpuUse(): () => CpuUse {
  const begun = { time: performance.now(), total: busySeconds(), own: ownSeconds() };
  return () => {
    const seconds = (performance.now() - begun.time) / 1000;
    const own = ownSeconds() - begun.own;
    const others = Math.max(0, busySeconds() - begun.total - own);
    return { own: own / seconds, others: others / seconds };
  };
}

/** The seconds that all cores were busy since the start of the machine. */
function busySeconds(): number {
  const [line = ''] = readFileSync('/proc/stat', 'utf8').split('\n');
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0, steal = 0] = line.split(/\s+/).slice(1).map(Number);
  return (user + nice + system + irq + softirq + steal) / TICKS_PER_SECOND;
}

/** The seconds that this process and its descendants computed, with those that have ended. */
function ownSeconds(): number {
  const processes = new Map<number, { readonly parent: number; readonly ticks: number }>();
  for (const entry of readdirSync('/proc')) {
    if (!/^\d+$/.test(entry)) continue;
    try {
      const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
      // The name of the program, in parentheses, can contain spaces.
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
      processes.set(Number(entry), { parent: Number(fields[1]), ticks });
    } catch {
      // The process has ended. Its parent counts its time.
    }
  }
  const isOwn = (pid: number): boolean =>
    pid === process.pid || (processes.has(pid) && isOwn(processes.get(pid)!.parent));
  return [...processes].reduce((sum, [pid, { ticks }]) => sum + (isOwn(pid) ? ticks : 0), 0) / TICKS_PER_SECOND;
}
