import { execFile, execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { outcome, skipped } from './support/row.ts';
import type { Family } from './support/row.ts';

/**
 * A network whose only ways out are the loopback device and a cable that ends nowhere. What a process sends to any other
 * address is counted there, name lookups and requests for hardware addresses included.
 */
const SCRIPT = `
set -e
ip link set lo up
ip link add out0 type veth peer name end0
for device in out0 end0; do echo 1 > /proc/sys/net/ipv6/conf/$device/disable_ipv6 || true; done
ip addr add 198.51.100.2/24 dev out0
ip link set out0 up
ip link set end0 up
ip route add default dev out0
exec "$1" "$2" out0
`;

export const egress: Family = {
  rows: [
    {
      id: 'S13',
      what: 'packets that leave the machine while a real system makes videos and receives hostile files and links to fetch',
      target: '0',
    },
  ],
  async run() {
    try {
      execFileSync('unshare', ['-n', 'ip', 'link', 'show'], { stdio: 'pipe' });
    } catch {
      return [skipped('S13', 'a network namespace needs root, unshare and ip')];
    }
    const child = join(import.meta.dirname, 'support', 'egress-child.ts');
    const args = ['-n', 'sh', '-c', SCRIPT, 'sh', process.execPath, child];
    const { stdout } = await promisify(execFile)('unshare', args, { maxBuffer: 2 ** 26 });
    const { sent, control, uploads, addresses, state } = JSON.parse(stdout.trim().split('\n').at(-1) ?? '{}') as {
      readonly sent: number;
      readonly control: number;
      readonly uploads: number;
      readonly addresses: readonly string[];
      readonly state: string;
    };
    const figure = `${sent} in ${uploads} uploads and a video that is ${state}; control ${control}; connections only to ${addresses.join(', ')}`;
    return [outcome('S13', sent === 0 && control > 0 && state === 'DONE', figure)];
  },
};
