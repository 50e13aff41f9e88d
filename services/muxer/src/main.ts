import { VERSION } from '@cinematica/pipeline';
import { ConfigError, runStage } from '@cinematica/pipeline/service';
import { MuxerService } from '@cinematica/protocol/stages';
import { configSchema } from './config.ts';
import type { Config } from './config.ts';
import { createCredentialSigner, credentialsEnd } from './content-credentials.ts';
import { requireFfmpeg } from './ffmpeg.ts';
import { ENCODERS, SOUND_ENCODER } from './media-encoders.ts';
import { removeStaleFolders } from './files.ts';
import { createMuxerService } from './service.ts';
import { createMuxStage } from './stage.ts';
import { openTimestamps } from './timestamps.ts';

const whyUnmarked = (isWanted: boolean): string => (isWanted ? 'MARK_KEYS is not set' : 'INVISIBLE_MARK is off');

/** Null when this installation has no time stamp authority. @throws ConfigError when there is no way to it. */
function timestampsOf({ TIMESTAMP_URL, OUTBOUND, OUTBOUND_ADDRESS: address, OUTBOUND_TOKEN: token }: Config) {
  if (TIMESTAMP_URL === undefined || OUTBOUND === 'off') return null;
  if (address !== undefined && token !== undefined) return openTimestamps({ address, token });
  throw new ConfigError(
    'TIMESTAMP_URL needs OUTBOUND_ADDRESS and OUTBOUND_TOKEN: the outbound service asks the authority',
  );
}

await runStage('muxer', configSchema, async (config, { slot, log, metrics }) => {
  const key = config.INVISIBLE_MARK ? (config.MARK_KEYS?.[0] ?? null) : null;
  if (key === null) log.warn('videos get no invisible mark', { reason: whyUnmarked(config.INVISIBLE_MARK) });
  const mark = { key, installation: config.MARK_INSTALLATION, visible: config.VISIBLE_MARK };
  const folder = config.CREDENTIALS_FOLDER;
  if (folder === undefined) log.warn('files get no content credentials: CREDENTIALS_FOLDER is not set');
  else {
    metrics.watchCredentials(async () => {
      try {
        return [['content credentials', await credentialsEnd(folder)]];
      } catch (error) {
        log.error('the certificate for content credentials cannot be read', error);
        return [];
      }
    });
  }
  const timestamps = timestampsOf(config);
  const options = {
    threads: config.MUX_THREADS,
    finishTimeoutMs: config.FINISH_TIMEOUT_MS,
    credentials:
      folder === undefined ? null : createCredentialSigner(folder, VERSION, timestamps && { ...timestamps, log }),
    mark,
    log,
  };
  await removeStaleFolders();
  await requireFfmpeg([...Object.values(ENCODERS), SOUND_ENCODER]);
  return {
    handler: createMuxStage(options),
    // It takes the frames of every model.
    model: { name: 'any', digest: 'any' },
    provider: null,
    service: MuxerService,
    handlers: createMuxerService(options, slot),
    close: () => Promise.resolve(timestamps?.close()),
  };
});
