import { explainFailures, openStageModel, trimAfterTasks } from '@cinematica/pipeline/model';
import { runStage } from '@cinematica/pipeline/service';
import { DecoderService } from '@cinematica/protocol/stages';
import { configSchema } from './config.ts';
import { createDecoderService } from './service.ts';
import { createDecodeStage } from './stage.ts';

await runStage('decoder', configSchema, async (config, parts) => {
  const model = await openStageModel(config, parts, 'decode');
  return {
    handler: trimAfterTasks(model, explainFailures(createDecodeStage(model))),
    model: model.ref,
    provider: model.runtime.provider,
    replacedOperators: model.runtime.replaced,
    speed: model.speed,
    service: DecoderService,
    handlers: createDecoderService(model, parts.slot),
    close: () => model.runtime.close(),
  };
});
