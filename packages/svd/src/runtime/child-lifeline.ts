/**
 * A thread of the child that ends it when the parent is gone, however it went: the main thread may be deep in a
 * computation of minutes, holding gigabytes that nobody waits for.
 */
import { Socket } from 'node:net';
import { LIFELINE_FD } from './protocol.ts';

const lifeline = new Socket({ fd: LIFELINE_FD, readable: true, writable: false });
lifeline.on('error', () => undefined);
lifeline.on('close', () => process.kill(process.pid, 'SIGKILL'));
lifeline.resume();
