import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { findProgram } from '../setup/find-program.mjs';
import { findNatsServer } from '../setup/nats-server.mjs';
import { fault, good, note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/** The encoders of ffmpeg that the muxer uses, with what is made with them. The first two are needed for every video. */
const ENCODERS = {
  libx264: 'mp4',
  aac: 'its sound track',
  libwebp: 'posters',
  libwebp_anim: 'WebP',
  'libvpx-vp9': 'WebM',
};
const NEEDED = ['libx264', 'aac'];

const INSTALL =
  'npm start installs it, or do it with the package manager (apt-get install ffmpeg, brew install ffmpeg)';

/** @param root the project's folder */
export async function examinePrograms(root: string, env: NodeJS.ProcessEnv): Promise<Section> {
  const node = good('Node', `${process.versions.node} (${process.execPath})`);
  const findings = await Promise.all([examineFfmpeg(), examineNats(root, env)]);
  return { title: 'Programs', findings: [node, ...findings.flat()] };
}

async function examineFfmpeg(): Promise<Finding[]> {
  const [ffmpeg, ffprobe] = [findProgram('ffmpeg'), findProgram('ffprobe')];
  if (ffmpeg === null) return [note('ffmpeg', 'missing', INSTALL)];
  const version = /^ffmpeg version (\S+)/.exec(await output(ffmpeg, '-version'))?.[1];
  if (version === undefined) return [fault('ffmpeg', `${ffmpeg} does not run`, 'install it again')];
  const listed = await output(ffmpeg, '-hide_banner', '-encoders');
  const lost = Object.entries(ENCODERS).filter(([name]) => !new RegExp(` ${name} `).test(listed));
  const text = `${version} (${ffmpeg})`;
  const without = `${text}, without ${lost.map(([name, what]) => `${name} (${what})`).join(', ')}`;
  const cure = 'install a complete ffmpeg, such as Debian’s or Homebrew’s';
  const isBroken = lost.some(([name]) => NEEDED.includes(name));
  const found = isBroken
    ? fault('ffmpeg', without, cure)
    : lost.length > 0
      ? warning('ffmpeg', without, cure)
      : good('ffmpeg', text);
  return ffprobe === null ? [found, note('ffprobe', 'missing', INSTALL)] : [found];
}

async function examineNats(root: string, env: NodeJS.ProcessEnv): Promise<Finding> {
  if (env.NATS_URL) return note('nats-server', `NATS_URL names a running one: ${env.NATS_URL}`);
  const program = await findNatsServer(root);
  if (program === null) return note('nats-server', 'missing, or too old', 'npm start installs it into .cache');
  return good('nats-server', `${/ v(\S+)/.exec(await output(program, '--version'))?.[1] ?? ''} (${program})`);
}

/** @returns what the program prints; empty when it fails */
async function output(program: string, ...args: string[]): Promise<string> {
  const options = { timeout: 10_000, maxBuffer: 2 ** 24 };
  return promisify(execFile)(program, args, options).then(
    ({ stdout }) => stdout,
    () => '',
  );
}
