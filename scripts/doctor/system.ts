import { readFile } from 'node:fs/promises';
import { addressPath, isInUse } from '../launch/data-folder.ts';
import { LaunchError } from '../launch/launch-error.ts';
import { checkPort } from '../launch/ports.ts';
import { good, note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/** Whether a system runs here, and whether one could start. */
export async function examineSystem(data: string, port: number): Promise<Section> {
  return { title: 'System', findings: [await examinePort(data, port)] };
}

async function examinePort(data: string, port: number): Promise<Finding> {
  if (await isInUse(data)) {
    const [url = ''] = (await readFile(addressPath(data), 'utf8').catch(() => '')).split('\n');
    return good('system', url === '' ? `one is starting or stopping in ${data}` : `one runs at ${url}`);
  }
  try {
    await checkPort(port, '127.0.0.1');
    return good(`port ${port}`, 'free for npm start');
  } catch (error) {
    if (!(error instanceof LaunchError)) return note(`port ${port}`, String(error));
    // “Port 8080 is in use by another program: choose another, as in …”.
    const [what = '', ...cure] = error.message.replace(/^Port \d+ /, '').split(': ');
    return warning(`port ${port}`, what, cure.join(': '));
  }
}
