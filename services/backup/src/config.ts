import { natsSettingsSchema, pipelineSettingsSchema } from '@cinematica/pipeline';
import { z } from 'zod';
import { BACKUP_NAME } from './backup-folder.ts';

/** The settings of the backup, from the environment. */
export const configSchema = z.object({
  ...natsSettingsSchema.shape,
  ...pipelineSettingsSchema.shape,
  /** The folder of all backups, usually the root of a volume. */
  BACKUP_FOLDER: z.string().min(1),
  /** How many backups are kept. A new one is complete before an old one is removed, unless it would not fit otherwise. */
  BACKUP_KEEP: z.coerce.number().int().min(1).max(1_000).default(3),
  /** The backup to restore or to verify: `latest`, or the name of its folder. */
  BACKUP: z.union([z.literal('latest'), z.string().regex(BACKUP_NAME)]).default('latest'),
  /** Whether a restore may replace streams that contain messages: on or off. They are lost. */
  REPLACE: z.enum(['on', 'off']).default('off'),
});
export type BackupConfig = z.output<typeof configSchema>;
