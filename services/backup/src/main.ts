/**
 * Backs up the records, photos and media in NATS, and restores them:
 *
 *     node services/backup/src/main.ts create|verify|restore
 *
 * The settings are environment variables (config.ts). A restore needs NATS without running services.
 */
import { connectNats, createLog, openStreamBackups } from '@cinematica/pipeline';
import type { StreamBackups } from '@cinematica/pipeline';
import { ConfigError, readConfig, runProgram } from '@cinematica/pipeline/service';
import { BackupError, openBackup } from './backup-folder.ts';
import { configSchema } from './config.ts';
import type { BackupConfig } from './config.ts';
import { createBackup } from './create-backup.ts';
import { restoreBackup } from './restore-backup.ts';
import { verifyBackup } from './verify-backup.ts';

const log = createLog('backup');

/** The inbox of each task is that of its NATS user. */
async function withNats(
  user: 'backup' | 'restore',
  config: BackupConfig,
  run: (backups: StreamBackups, server: string) => Promise<void>,
): Promise<void> {
  const nats = await connectNats(user, config);
  try {
    await run(await openStreamBackups(nats, user, config), nats.info?.version ?? '');
  } finally {
    await nats.close();
  }
}

const TASKS: Readonly<Record<string, (config: BackupConfig) => Promise<void>>> = {
  create: (config) =>
    withNats('backup', config, async (backups, server) => {
      const { BACKUP_FOLDER: folder, BACKUP_KEEP: keep } = config;
      const stopping = new AbortController();
      for (const signal of ['SIGTERM', 'SIGINT'] as const) {
        process.once(signal, () => stopping.abort(new BackupError(`the backup was stopped by ${signal}`)));
      }
      const name = await createBackup({ backups, folder, keep, server, log, signal: stopping.signal });
      log.info('the backup is complete', { backup: name });
    }),
  async verify({ BACKUP_FOLDER, BACKUP }) {
    const { path, manifest } = await openBackup(BACKUP_FOLDER, BACKUP);
    await verifyBackup(path, manifest);
    log.info('the backup is complete and undamaged', { backup: path });
  },
  restore: (config) =>
    withNats('restore', config, async (backups) => {
      const { path, manifest } = await openBackup(config.BACKUP_FOLDER, config.BACKUP);
      const replace = config.REPLACE === 'on';
      await restoreBackup({ backups, path, manifest, replicas: config.NATS_REPLICAS, replace, log });
      log.info('the backup was restored', { backup: path });
    }),
};

await runProgram('backup', async () => {
  const [task = ''] = process.argv.slice(2);
  const run = TASKS[task];
  if (!run) throw new ConfigError(`unknown task “${task}”: use ${Object.keys(TASKS).join(', ')}`);
  await run(readConfig(configSchema, process.env));
});
