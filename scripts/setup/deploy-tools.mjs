import { debianProgram } from './debian-program.mjs';
import { PROMETHEUS } from './prometheus.mjs';
import { say, SetupError } from './say.mjs';

/**
 * Debian 12's kubectl contains kustomize 2, which does not support components.
 *
 * @type {import('./debian-program.mjs').DebianProgram[]}
 */
const PROGRAMS = [
  {
    name: 'kustomize',
    variable: 'KUSTOMIZE',
    version: '5.6.0+ds-1+b2',
    brew: 'kustomize',
    packages: {
      x64: { arch: 'amd64', sha256: '552bbe5563b522685b10f75a9a226bfbee9778fc313b205d595fdbb7e9c70e33' },
      arm64: { arch: 'arm64', sha256: '32d0e1959b5fc257101c8d6139da72af38ff7ce777089666f9d1c916810f1800' },
    },
  },
  {
    name: 'promtool',
    variable: 'PROMTOOL',
    version: '2.53.3+ds1-2',
    brew: 'prometheus',
    packages: {
      x64: { arch: 'amd64', sha256: 'ff27654eacc95abd846d344e91fe4ba3b4f0588a50d606ed1d2f09ad3408722f' },
      arm64: { arch: 'arm64', sha256: 'cc1d5889b4d2e2ef92a6984039d88c11993ad3c73f5e74acd3ee15adaefb764c' },
    },
  },
  PROMETHEUS,
];

/**
 * Installs kustomize and promtool for the tests of deploy/, and Prometheus for the test of metrics. Without them those tests
 * are skipped. On CI a missing tool is an error.
 *
 * @type {import('./tasks.mjs').Need}
 */
export async function deployTools(root) {
  /** @type {NodeJS.ProcessEnv} */
  const found = {};
  for (const program of PROGRAMS) {
    try {
      found[program.variable] = await debianProgram(root, program);
    } catch (error) {
      if (!(error instanceof SetupError) || process.env.CI) throw error;
      say(`The tests that need ${program.name} are skipped: ${error.message.trim()}`);
    }
  }
  return found;
}
