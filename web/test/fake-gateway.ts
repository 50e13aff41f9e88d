import { create } from '@bufbuild/protobuf';
import type { ErrorReason } from '@cinematica/protocol/v1';
import { CapabilitiesSchema, Preset, Quality, VideoService } from '@cinematica/protocol/v1';
import { ERROR_DOMAIN, ErrorInfoSchema, RetryInfoSchema } from '@cinematica/protocol/error-details';
import { CARD_DEFAULTS, defaultFrameRate, SETTING_NAMES, SETTINGS } from '@cinematica/settings';
import { ConnectError, createClient, createRouterTransport } from '@connectrpc/connect';
import type { ServiceImpl, Code } from '@connectrpc/connect';
import type { Api } from '../src/lib/api/client.ts';

/** A client of a gateway in this process. Methods that are left out fail as unimplemented. */
export function fakeGateway(methods: Partial<ServiceImpl<typeof VideoService>>): Api {
  return createClient(
    VideoService,
    createRouterTransport(({ service }) => void service(VideoService, methods)),
  );
}

/** An error as the gateway sends it. @param retrySeconds when it allows a retry */
export function gatewayError(reason: keyof typeof ErrorReason, code: Code, retrySeconds?: number): ConnectError {
  const info = { desc: ErrorInfoSchema, value: { reason, domain: ERROR_DOMAIN } };
  if (retrySeconds === undefined) return new ConnectError(reason, code, undefined, [info]);
  const retry = { desc: RetryInfoSchema, value: { retryDelay: { seconds: BigInt(retrySeconds) } } };
  return new ConnectError(reason, code, undefined, [info, retry]);
}

/** The default settings of the model in {@link CAPABILITIES}. */
export const DEFAULTS = { ...CARD_DEFAULTS, frameRate: defaultFrameRate(CARD_DEFAULTS.conditioningFps) };

const presetOf = (preset: Preset, motionBucketId: number) => ({
  preset,
  settings: { ...DEFAULTS, preset, motionBucketId },
});

/** Capabilities with one model, whose presets differ only in the motion. */
export const CAPABILITIES = create(CapabilitiesSchema, {
  models: [
    {
      name: 'svd-xt',
      sizes: [
        { width: 1024, height: 576 },
        { width: 768, height: 512 },
      ],
      sizeMultiple: 64,
      defaults: DEFAULTS,
      qualities: [
        { quality: Quality.BEST, settings: {} },
        { quality: Quality.FAST, settings: { cacheInterval: 3, guidanceSteps: 10 } },
      ],
      presets: [presetOf(Preset.CALM, 60), presetOf(Preset.NATURAL, 127), presetOf(Preset.LIVELY, 200)],
    },
  ],
  limits: {
    ...Object.fromEntries(SETTING_NAMES.map((name) => [name, { min: SETTINGS[name].min, max: SETTINGS[name].max }])),
    guidance: { min: SETTINGS.minGuidance.min, max: SETTINGS.minGuidance.max },
  },
});
