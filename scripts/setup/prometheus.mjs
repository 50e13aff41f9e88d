import { debianProgram } from './debian-program.mjs';

/**
 * The scripts, styles and fonts of Prometheus' web pages, which Debian keeps in packages of their own.
 *
 * @type {import('./apt.mjs').DebianPackage[]}
 */
const WEB_PAGES = [
  {
    package: 'fonts-glyphicons-halflings:all=1.009~3.4.1+dfsg-6',
    sha256: '7be1e983daa6882810db4208f090d87bda7303b88e872e8e18a381bebfec5701',
  },
  {
    package: 'libjs-bootstrap4:all=4.6.2+dfsg-1',
    sha256: 'c1e986ab821d9240688cd4ef15d124742f21d35a6001dc897bf85663d67a42e0',
  },
  {
    package: 'libjs-d3:all=3.5.17-4',
    sha256: '08b73c423d0a3bb7b657eebf5f7ebac501931cbdcf6422da3a634f7baa263749',
  },
  {
    package: 'libjs-eonasdan-bootstrap-datetimepicker:all=4.17.47-6',
    sha256: '335cc1896e77b7664e611d50a78c373d03a064c31f379ccfdf7e660b6bc43dd2',
  },
  {
    package: 'libjs-jquery-hotkeys:all=0.2.0-1',
    sha256: 'cae9ee63cfed199149721d962bcb18dd7565039ba31af32a875338f2cc48194f',
  },
  {
    package: 'libjs-jquery:all=3.6.1+dfsg+~3.5.14-1',
    sha256: 'a58c9ff6afe96c769cb6535754c909410760e4efa1e1540236194e489adcfb25',
  },
  {
    package: 'libjs-moment-timezone:all=0.5.46+dfsg-2',
    sha256: 'dd809690ae7e0febd919ce737fc2822c4a156b7a51571ee8bf31aa05dce35858',
  },
  {
    package: 'libjs-moment:all=2.29.4+ds-1',
    sha256: '1d77475a3db570ac3b8ab56cf612bd64271f4da367e8819ee59ecf43eb25c180',
  },
  {
    package: 'libjs-mustache:all=3.0.1-1',
    sha256: 'ab00ed3fa806a37de9399975ab1780786a160619eeb96abd8f9d09bfd864b22f',
  },
  {
    package: 'libjs-popper.js:all=1.16.1+ds-6',
    sha256: '4eac75024544eb50b93141586317671d20feb7c405adbe5ab426dfb8bccb1dbc',
  },
  {
    package: 'libjs-rickshaw:all=1.5.1.dfsg-5',
    sha256: '6e9328a86c2d4d8f84f8404467484dfe94f72d932d5a546771a7b10cd725ccc1',
  },
];

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
  shared: WEB_PAGES,
};

/**
 * Installs Prometheus if the system is started with `--observe`.
 *
 * @type {import('./tasks.mjs').Need}
 * @throws {import('./say.mjs').SetupError} when it can neither be found nor installed
 */
export async function prometheusToObserve(root, _env, args = []) {
  return args.includes('--observe') ? { PROMETHEUS: await debianProgram(root, PROMETHEUS) } : {};
}
