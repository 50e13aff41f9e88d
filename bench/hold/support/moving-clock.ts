/**
 * Preloaded with `--import` into a process whose clock a bench moves: its time of day is off by the milliseconds in the file
 * CLOCK_FILE. Timers are not affected, as when the clock of a machine is set.
 */
import { readFileSync } from 'node:fs';

const RealDate = Date;
const realNow = RealDate.now.bind(RealDate);
let offset = 0;
let read = -Infinity;

function now(): number {
  // The file is read at most every 20 ms.
  if (performance.now() - read > 20) {
    read = performance.now();
    offset = Number(readFileSync(process.env.CLOCK_FILE ?? '', 'utf8'));
  }
  return realNow() + offset;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: unknown[], newTarget) =>
    Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget) as Date,
  apply: () => new RealDate(now()).toString(),
  get: (target, key, receiver) => (key === 'now' ? now : (Reflect.get(target, key, receiver) as unknown)),
});
