import { networkInterfaces } from 'node:os';
import type { NetworkInterfaceInfo } from 'node:os';
import { renderUnicodeCompact } from 'uqr';
import { LaunchError } from './launch-error.ts';

/** Interfaces of containers, virtual machines and tunnels, which a phone does not reach. */
const VIRTUAL = /^(docker|br-|veth|virbr|vmnet|vboxnet|cni|flannel|tun|tap|utun|wg|tailscale|zt)/;

/** Private addresses (RFC 1918). */
const PRIVATE = /^(192\.168\.|10\.|172\.(1[6-9]|2\d|3[01])\.)/;

/**
 * This machine's address in the local network: the first private IPv4 address of a physical interface, or else its first
 * address.
 *
 * @throws LaunchError when there is none
 */
export function lanAddress(
  interfaces: Readonly<Record<string, readonly NetworkInterfaceInfo[] | undefined>> = networkInterfaces(),
): string {
  const addresses = Object.entries(interfaces)
    .filter(([name]) => !VIRTUAL.test(name))
    .flatMap(([, infos = []]) => infos)
    .filter(({ internal, family, address }) => !internal && family === 'IPv4' && !address.startsWith('169.254.'))
    .map(({ address }) => address);
  const found = addresses.find((address) => PRIVATE.test(address)) ?? addresses[0];
  if (found === undefined)
    throw new LaunchError('--lan: this machine is in no local network. Connect it, or leave --lan out.');
  return found;
}

/**
 * A QR code of the URL, and a note about the limits of plain http.
 *
 * @param colors whether to print the code dark on light, which some phones need, with a terminal's escape codes
 */
export function lanInvitation(url: string, colors: boolean): string {
  const code = renderUnicodeCompact(url, { border: 2 })
    .split('\n')
    .map((line) => (colors ? `\u001b[97;40m${line}\u001b[0m` : line))
    .join('\n');
  return `${code}

Point a phone in the same network at it. Over plain http a phone offers no sharing, no installation and no notifications:
those need https (see the deployment on Kubernetes). All else works. Everyone in this network can reach it.
`;
}
