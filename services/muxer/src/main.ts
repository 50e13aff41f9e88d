import { runStage } from '@cinematica/pipeline/service';
import { MuxerService } from '@cinematica/protocol/stages';
import { configSchema } from './config.ts';
import { requireFfmpeg } from './ffmpeg.ts';
import { ENCODERS } from './media-encoders.ts';
import { createMuxerService } from './service.ts';
import { createMuxStage } from './stage.ts';

await runStage('muxer', configSchema, async ({ MUX_THREADS: threads }, { slot }) => {
  await requireFfmpeg(Object.values(ENCODERS));
  return {
    handler: createMuxStage(threads),
    // Frames are frames: it takes those of every model.
    model: { name: 'any', digest: 'any' },
    provider: null,
    service: MuxerService,
    handlers: createMuxerService(threads, slot),
    close: () => Promise.resolve(),
  };
});
