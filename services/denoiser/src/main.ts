import { explainFailures, openStageModel, trimAfterTasks } from '@cinematica/pipeline/model';
import { runStage } from '@cinematica/pipeline/service';
import { DenoiserService } from '@cinematica/protocol/stages';
import { configSchema } from './config.ts';
import { createDenoiserService } from './service.ts';
import { createDenoiseStage } from './stage.ts';

await runStage('denoiser', configSchema, async (config, parts) => {
  const model = await openStageModel(config, parts, 'denoise');
  return {
    handler: trimAfterTasks(model, explainFailures(createDenoiseStage(model))),
    model: model.ref,
    provider: model.runtime.provider,
    replacedOperators: model.runtime.replaced,
    speed: model.speed,
    service: DenoiserService,
    handlers: createDenoiserService(model, parts.slot),
    close: () => model.runtime.close(),
  };
});
