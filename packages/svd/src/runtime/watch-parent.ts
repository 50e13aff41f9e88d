/**
 * A thread of the child process that ends the process when the parent has ended, for any reason. The main thread cannot do
 * that: it may be blocked in a computation of minutes, with gigabytes of memory.
 */
import { Socket } from 'node:net';
import { PARENT_PIPE_FD } from './protocol.ts';

const parent = new Socket({ fd: PARENT_PIPE_FD, readable: true, writable: false });
parent.on('error', () => undefined);
parent.on('close', () => process.kill(process.pid, 'SIGKILL'));
parent.resume();
