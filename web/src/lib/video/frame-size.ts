import type { VideoSettings } from '@cinematica/protocol/v1';

/** The size of a video's frames, in pixels. As long as it is unknown, it is a wide one. */
export const frameSize = (settings: VideoSettings | undefined): { readonly width: number; readonly height: number } =>
  settings?.shape.case === 'size' ? settings.shape.value : { width: 16, height: 9 };
