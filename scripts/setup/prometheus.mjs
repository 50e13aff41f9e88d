import { debianProgram } from './debian-program.mjs';

/** @type {import('./debian-program.mjs').DebianProgram} */
export const PROMETHEUS = {
  name: 'prometheus',
  variable: 'PROMETHEUS',
  version: '2.53.3+ds1-2',
  brew: 'prometheus',
  packages: {
    x64: { arch: 'amd64', sha256: '58c3e6a86c56cb3bfd71032fa48d65945d526441a212f5815dfe5ed9cb787ecc' },
    arm64: { arch: 'arm64', sha256: '59b459dee0ceef9c645a98166ea00f0d10946391a5d486505360e2d21cd1ddec' },
  },
};

/**
 * Prometheus, for those who start the system with `--observe`. Nobody else waits for it.
 *
 * @type {import('./tasks.mjs').Need}
 * @throws {import('./say.mjs').SetupError} where it is neither there nor to be had
 */
export async function prometheusToObserve(root, _env, args = []) {
  return args.includes('--observe') ? { PROMETHEUS: await debianProgram(root, PROMETHEUS) } : {};
}
