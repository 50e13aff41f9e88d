/**
 * Makes the prefix in S3 this installation's, after NATS was lost and restored (docs/operations.md#owner-of-a-prefix). It runs beside
 * a gateway, with the same environment:
 *
 *     node services/gateway/src/take-over-s3-prefix.ts FORMER_OWNER
 */
import {
  connectNats,
  createLog,
  natsSettingsSchema,
  pipelineSettingsSchema,
  takeOverS3Prefix,
} from '@cinematica/pipeline';
import { ConfigError, readConfig, runProgram } from '@cinematica/pipeline/service';
import { z } from 'zod';

const configSchema = z.object({ ...natsSettingsSchema.shape, ...pipelineSettingsSchema.shape });

await runProgram('take-over-s3-prefix', async () => {
  const [from] = process.argv.slice(2);
  if (from === undefined) {
    throw new ConfigError('name the former owner, whose id the log of the gateway has (S3 cannot be used), or none');
  }
  const config = readConfig(configSchema, process.env);
  const nats = await connectNats('gateway', config);
  const installation = await takeOverS3Prefix(nats, config, from);
  await nats.close();
  createLog('gateway').info('the S3 prefix was taken over', { bucket: config.S3_BUCKET, from, installation });
});
