import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';

/** A package index on the loopback address, with made-up wheels. */
export interface WheelIndex extends AsyncDisposable {
  readonly url: string;
  /** The wheels that were downloaded, in order. */
  readonly downloads: string[];
  /** The name of a package whose download breaks off in the middle. */
  broken: string | null;
}

/** Writes a wheel that contains the given files, and the files that pip requires. */
const WRITE_WHEEL = `
import sys, zipfile
path, name, version, *files = sys.argv[1:]
info = f'{name}-{version}.dist-info'
with zipfile.ZipFile(path, 'w') as wheel:
    for file in files: wheel.writestr(file, 'library' * 40000)
    wheel.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n')
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: false\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', '')
`;

const WHEELS = {
  'onnxruntime-gpu': {
    version: '1.30.0',
    tags: 'cp313-cp313-manylinux_2_28_x86_64',
    files: ['libonnxruntime_providers_cuda.so', 'libonnxruntime_providers_shared.so', 'libonnxruntime.so.1.30.0'].map(
      (name) => `onnxruntime/capi/${name}`,
    ),
  },
  'nvidia-cudnn-cu13': {
    version: '9.28.1.4',
    tags: 'py3-none-manylinux_2_27_x86_64',
    files: ['nvidia/cudnn/lib/libcudnn.so.9', 'nvidia/cudnn/include/cudnn.h'],
  },
} as const;

/**
 * Makes the wheels, writes a project's list of them, and serves them.
 *
 * @param root the project's folder
 */
export async function serveWheels(root: string): Promise<WheelIndex> {
  const folder = join(root, 'wheels');
  mkdirSync(folder);
  const files = new Map<string, { readonly name: string; readonly bytes: Buffer }>();
  const lines = Object.entries(WHEELS).map(([name, { version, tags, files: contents }]) => {
    const file = `${name.replaceAll('-', '_')}-${version}-${tags}.whl`;
    execFileSync('python3', ['-c', WRITE_WHEEL, join(folder, file), name.replaceAll('-', '_'), version, ...contents]);
    const bytes = readFileSync(join(folder, file));
    files.set(file, { name, bytes });
    return `${name}==${version} --hash=sha256:${createHash('sha256').update(bytes).digest('hex')} # 1 MB`;
  });
  mkdirSync(join(root, 'deploy', 'docker'), { recursive: true });
  writeFileSync(join(root, 'deploy', 'docker', 'cuda.txt'), `# Wheels\n${lines.join('\n')}\n`);

  const downloads: string[] = [];
  const state = { broken: null as string | null };
  const server = createServer((request, response) => {
    const [, kind, name = ''] = (request.url ?? '').split('/');
    if (kind === 'simple') {
      const own = [...files].filter(([, wheel]) => wheel.name === name);
      response.setHeader('content-type', 'text/html');
      response.end(own.map(([file]) => `<a href="/files/${file}">${file}</a>`).join('\n'));
      return;
    }
    const wheel = files.get(name);
    if (wheel === undefined) {
      response.writeHead(404).end();
      return;
    }
    downloads.push(wheel.name);
    response.setHeader('content-length', wheel.bytes.length);
    if (state.broken === wheel.name)
      response.write(wheel.bytes.subarray(0, wheel.bytes.length / 2), () => response.destroy());
    else response.end(wheel.bytes);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`,
    downloads,
    get broken() {
      return state.broken;
    },
    set broken(name) {
      state.broken = name;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
