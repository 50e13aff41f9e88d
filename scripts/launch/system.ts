import { join } from 'node:path';
import type { System } from './service.ts';

/** @param root the project's folder */
export function cinematica(root: string): System {
  const entry = (name: string): string => join(root, 'services', name, 'src', 'main.ts');
  return {
    provisioner: entry('provisioner'),
    services: [
      { name: 'gateway', kind: 'gateway', entry: entry('gateway') },
      { name: 'encoder', kind: 'stage', entry: entry('encoder') },
      { name: 'denoiser', kind: 'stage', entry: entry('denoiser') },
      { name: 'decoder', kind: 'stage', entry: entry('decoder') },
      { name: 'muxer', kind: 'stage', entry: entry('muxer') },
      { name: 'outbound', kind: 'outbound', entry: entry('outbound') },
    ],
  };
}
