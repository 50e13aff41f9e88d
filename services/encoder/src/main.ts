import { explainFailures, openStageModel, trimAfterTasks } from '@cinematica/pipeline/model';
import { runStage } from '@cinematica/pipeline/service';
import { EncoderService } from '@cinematica/protocol/stages';
import { configSchema } from './config.ts';
import { createEncoderService } from './service.ts';
import { createEncodeStage } from './stage.ts';

await runStage('encoder', configSchema, async (config, parts) => {
  const model = await openStageModel(config, parts, 'encode');
  return {
    handler: trimAfterTasks(model, explainFailures(createEncodeStage(model))),
    model: model.ref,
    provider: model.runtime.provider,
    replacedOperators: model.runtime.replaced,
    speed: model.speed,
    service: EncoderService,
    handlers: createEncoderService(model, parts.slot),
    close: () => model.runtime.close(),
  };
});
