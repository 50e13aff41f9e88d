import { LaunchError } from '../launch-error.ts';
import type { AllowLists } from '@cinematica/pipeline/nats-access';

export interface NatsUser {
  readonly name: string;
  readonly password: string;
  readonly allow: AllowLists;
}

export interface NatsConfig {
  /** On the loopback address. */
  readonly port: number;
  /** Where JetStream keeps its files. */
  readonly storeFolder: string;
  /** Bytes that the streams in memory, and those on disk, may take together. */
  readonly maxMemory: number;
  readonly maxDisk: number;
  readonly pidFile: string;
  readonly users: readonly NatsUser[];
}

/**
 * Writes the configuration of a server for one machine: JetStream on disk, every message synced before it is
 * acknowledged, one account, and in it only users with allow-lists. No monitoring port, no routes, no leaf nodes.
 *
 * The users stand inside the account: an `authorization` block beside accounts let anybody in (CVE-2023-47090).
 *
 * @returns the file's text; it holds the passwords
 * @throws LaunchError where a path can't be written there
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

/** @throws LaunchError where a data folder's path has what would end the quotes */
function quote(text: string): string {
  if (/["\\\p{Cc}]/u.test(text)) {
    throw new LaunchError(
      `${JSON.stringify(text)} can’t stand in a NATS configuration: choose another folder with --data.`,
    );
  }
  return `"${text}"`;
}
