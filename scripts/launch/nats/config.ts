import { LaunchError } from '../launch-error.ts';
import type { AllowLists } from '@cinematica/pipeline/nats-access';

export interface NatsUser {
  readonly name: string;
  readonly password: string;
  readonly allow: AllowLists;
}

export interface NatsConfig {
  /** The port on the loopback address. */
  readonly port: number;
  /** The folder of JetStream's files. */
  readonly storeFolder: string;
  /** The most bytes of all streams in memory, and of all streams on disk. */
  readonly maxMemory: number;
  readonly maxDisk: number;
  readonly pidFile: string;
  readonly users: readonly NatsUser[];
}

/**
 * The configuration of a server for one machine: JetStream on disk, every message synced before it is acknowledged, and one
 * account whose users all have allow lists. There is no monitoring port, no route and no leaf node.
 *
 * The users are defined inside the account, because an `authorization` block beside accounts admitted anybody
 * (CVE-2023-47090).
 *
 * @returns the text of the file, which contains the passwords
 * @throws LaunchError when a path cannot be quoted
 */
export function natsConfig({ port, storeFolder, maxMemory, maxDisk, pidFile, users }: NatsConfig): string {
  return `server_name: cinematica
listen: "127.0.0.1:${port}"
pid_file: ${quote(pidFile)}
max_connections: 256
jetstream {
  store_dir: ${quote(storeFolder)}
  max_memory_store: ${maxMemory}
  max_file_store: ${maxDisk}
  sync_interval: always
}
accounts {
  CINEMATICA {
    jetstream: enabled
    users: [
${users.map(userBlock).join('\n')}
    ]
  }
}
`;
}

function userBlock({ name, password, allow }: NatsUser): string {
  return `      {
        user: ${quote(name)}
        password: ${quote(password)}
        permissions: {
          publish: { allow: [${allow.publish.map(quote).join(', ')}] }
          subscribe: { allow: [${allow.subscribe.map(quote).join(', ')}] }
        }
      }`;
}

/** @throws LaunchError when the path of a data folder contains a character that would end the quotes */
function quote(text: string): string {
  if (/["\\\p{Cc}]/u.test(text)) {
    throw new LaunchError(
      `${JSON.stringify(text)} can’t be used in a NATS configuration: choose another folder with --data.`,
    );
  }
  return `"${text}"`;
}
