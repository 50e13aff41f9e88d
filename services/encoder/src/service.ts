import type { ComputeSlot } from '@cinematica/pipeline';
import { asRpcError, checkModel } from '@cinematica/pipeline/model';
import type { StageModel } from '@cinematica/pipeline/model';
import { acquireSlot } from '@cinematica/pipeline/service';
import { float32ToBytes } from '@cinematica/protocol';
import type { ServiceHandlers } from '@cinematica/protocol';
import type { EncoderService } from '@cinematica/protocol/stages';
import { pickSettings } from '@cinematica/settings';
import { encode, loadImage, resolveSettings } from '@cinematica/svd';

/** The gRPC service of the stage. */
export const createEncoderService = (model: StageModel, slot: ComputeSlot): ServiceHandlers<typeof EncoderService> => ({
  async encode(request, context) {
    const { model: asked, image, width, height, seed, crop: focus } = request;
    const { signal } = context;
    checkModel(asked, model.ref.name);
    try {
      const settings = resolveSettings(model.checkpoint.card, {
        ...pickSettings(request),
        width,
        height,
        seed,
      });
      const photo = await loadImage(image, { name: 'the image' }, signal);
      const release = await acquireSlot(slot, context);
      const conditioning = await encode(model, photo, { ...settings, focus }, signal).finally(() => {
        model.trim();
        release();
      });
      const { imageEmbedding, imageLatents, previewMap, ...size } = conditioning;
      return {
        conditioning: {
          ...size,
          modelDigest: model.digest,
          imageEmbedding: float32ToBytes(imageEmbedding),
          imageLatents: float32ToBytes(imageLatents),
          previewMap: float32ToBytes(previewMap),
        },
      };
    } catch (error) {
      throw asRpcError(error);
    }
  },
});
