import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectNats, pipelineSettings, provision } from '@cinematica/pipeline';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import type { UserName } from '@cinematica/pipeline/nats-access';
import { connect, PermissionViolationError } from '@nats-io/transport-node';
import type { NatsConnection } from '@nats-io/transport-node';
import { openDataFolder } from '../../scripts/launch/data-folder.ts';
import { publishers, subscribers } from '../../scripts/launch/fixtures/nats-operations.ts';
import { superviseNats } from '../../scripts/launch/nats/server.ts';
import { freePorts } from '../../scripts/launch/ports.ts';
import { ensureSecrets } from '../../scripts/launch/secrets.ts';
import { natsServerPath } from '../../test/support/nats-server.ts';
import { outcome } from './support/row.ts';
import type { Family } from './support/row.ts';

/** Credentials that no user has. CVE-2023-47090 let anybody in, the system account has rights over all others. */
const STRANGERS = [
  {},
  { user: 'gateway', pass: '' },
  { user: 'gateway', pass: 'x'.repeat(43) },
  { user: 'admin', pass: 's3cr3t!' },
  { user: 'sys', pass: 'sys' },
  { token: 'x' },
];

/** Operations of other accounts and of the system. CVE-2025-30215 let any account call the second and the third. */
const FORBIDDEN_TO_ALL = [
  '$JS.API.ACCOUNT.PURGE.CINEMATICA',
  '$JS.API.SERVER.REMOVE',
  '$JS.API.ACCOUNT.STREAM.MOVE.CINEMATICA.KV_videos',
  '$JS.API.ACCOUNT.STREAM.CANCEL_MOVE.CINEMATICA.KV_videos',
  '$JS.API.STREAM.LEADER.STEPDOWN.KV_videos',
  '$JS.API.CONSUMER.LEADER.STEPDOWN.WORK_mux.mux',
  '$SYS.ACCOUNT.CINEMATICA.CLAIMS.UPDATE',
  '$SYS.REQ.ACCOUNT.CINEMATICA.JSZ',
  '$SYS.REQ.CLAIMS.DELETE',
];

export const natsPermissions: Family = {
  rows: [
    {
      id: 'S11',
      what: 'operations in NATS that a service may not do but can, over all services; strangers who can connect',
      target: '0; 0',
    },
  ],
  async run() {
    const users = Object.keys(USER_PERMISSIONS) as UserName[];
    await using cleanup = new AsyncDisposableStack();
    const home = await mkdtemp(join(tmpdir(), 'cinematica-permissions-'));
    cleanup.defer(() => rm(home, { recursive: true }));
    const folder = await openDataFolder(join(home, 'data'), AbortSignal.timeout(10_000));
    const { nats: passwords } = await ensureSecrets(folder.secretsFile, users);
    const [port = 0] = await freePorts(1);
    const supervision = { say: () => undefined, backoffMs: 100, graceMs: 10_000 };
    const server = await superviseNats({ command: await natsServerPath(), folder, port, passwords, supervision });
    cleanup.defer(() => server.stop());
    await server.started;
    const url = `nats://127.0.0.1:${port}`;
    const opened: User[] = [];
    for (const name of users) {
      const settings = { NATS_URL: url, NATS_USER: name, NATS_PASSWORD: passwords[name] };
      const connection = await connectNats(name, settings);
      cleanup.defer(() => connection.close());
      opened.push(observeViolations(name, connection));
    }
    const provisioner = opened.find(({ name }) => name === 'provisioner')!;
    await provision(provisioner.connection, pipelineSettings(), [{ name: 'tiny', digest: '0123abcd' }]);

    const allowed: string[] = [];
    let tried = 0;
    const all: Record<string, readonly UserName[]> = { ...publishers };
    for (const subject of FORBIDDEN_TO_ALL) all[subject] = [];
    const attempts = [
      ...Object.entries(all).map(([subject, may]) => ({ subject, may, verb: 'publish' as const })),
      ...Object.entries(subscribers).map(([subject, may]) => ({ subject, may, verb: 'subscribe' as const })),
    ];
    for (const { subject, may, verb } of attempts) {
      for (const user of opened.filter(({ name }) => !may.includes(name))) {
        tried++;
        const before = user.violations;
        if (verb === 'publish') user.connection.publish(subject);
        else user.connection.subscribe(subject, { callback: () => undefined }).unsubscribe();
        // The server reports a violation before it answers the ping of a flush.
        await user.connection.flush();
        await new Promise((resolve) => setImmediate(resolve));
        if (user.violations === before) allowed.push(`${user.name} can ${verb} to ${subject}`);
      }
    }
    const strangers = await Promise.all(
      STRANGERS.map((credentials) =>
        connect({ servers: url, reconnect: false, ...credentials }).then(
          async (connection) => {
            await connection.close();
            return true;
          },
          () => false,
        ),
      ),
    );
    const admitted = strangers.filter(Boolean).length;
    const figure = `${allowed.length} of ${tried}${allowed.length > 0 ? ` (${allowed.slice(0, 5).join('; ')})` : ''}; ${admitted} of ${STRANGERS.length}`;
    return [outcome('S11', allowed.length === 0 && admitted === 0, figure)];
  },
};

interface User {
  readonly name: UserName;
  readonly connection: NatsConnection;
  violations: number;
}

function observeViolations(name: UserName, connection: NatsConnection): User {
  const user: User = { name, connection, violations: 0 };
  const observe = async () => {
    for await (const event of connection.status()) {
      if (event.type === 'error' && event.error instanceof PermissionViolationError) user.violations++;
    }
  };
  void observe();
  return user;
}
