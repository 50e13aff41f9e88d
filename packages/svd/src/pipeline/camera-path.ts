import type { Checkpoint } from '../checkpoint/checkpoint.ts';
import { readCameraNetwork } from './camera-network.ts';
import { cameraNumbers, initialNoiseKey } from './camera-noise.ts';
import { modelFps } from './settings.ts';
import type { SegmentSettings } from './settings.ts';

/**
 * Computes how far the last frame of a video shows what lies outside of the photo, in parts of the picture's side: at the border
 * where it is most, with the dark and soft edge that a model makes there. 0 when the camera stays inside.
 *
 * It is a generator because the noise takes 50 ms to draw at nano's own sizes, and more at larger ones: each turn takes about one.
 *
 * @param settings of the first segment. The later ones go on with the same move.
 * @param shown the number of frames that the model makes of the whole video.
 */
export type PartOutside = (settings: SegmentSettings, shown: number) => Generator<undefined, number, undefined>;

/** Half of the default width, in latent pixels. Lengths of a camera move are measured in it. */
const UNIT = 32;
/** How much more the nearest places of a picture move than the mean, and the farthest ones. */
const NEARNESS = [0.6, -0.45] as const;
/** Of the additional parallax in the noise, the model takes this part. */
const PARALLAX_GAIN = 0.02;
/** The number of the frame, from 0, in which the motion of the settings is reached. */
const LAST_FRAME = 49;
/** How far inside of the photo's border the model's picture can be dark and soft. Latent pixels. */
const SOFT = 0.8;
/** A camera that moves less shows the photo's border as the first frame does. Latent pixels. */
const STILL = 0.1;
/**
 * The largest number of latent positions, in all frames of the first segment, for which the noise is drawn. More would take seconds.
 * The numbers are means over all positions, so more positions give smaller numbers: beyond this limit, almost no seed moves the
 * camera near the border.
 */
const MAX_DRAWN_POSITIONS = 2 ** 20;

/**
 * Reads what tells the path of the camera: for `nano`, the constants of models/nano/training/camera.py and a part of the UNet.
 *
 * @returns null for a model whose card does not say how its numbers become a path.
 * @throws SafetensorsError when the weights can't be read
 */
export async function readCameraPath({ card, unet, vae }: Checkpoint): Promise<PartOutside | null> {
  const { camera } = card;
  if (camera?.path === undefined) return null;
  const moveOf = await readCameraNetwork(unet.weights);
  return function* (settings, shown) {
    const size = {
      channels: vae.config.latent_channels,
      width: settings.width / vae.scaleFactor,
      height: settings.height / vae.scaleFactor,
    };
    const named = settings.camera && camera.moves[settings.camera];
    if (!named && settings.frames * size.width * size.height > MAX_DRAWN_POSITIONS) return 0;
    const key = initialNoiseKey(settings, card);
    const numbers = named ?? (yield* cameraNumbers(key, settings.frames, size, camera));
    const [right, down, nearer] = moveOf(numbers);
    const parallax = numbers.slice(3).map((value) => PARALLAX_GAIN * value);
    const distance = (motionAmount(settings) * (shown - 1)) / LAST_FRAME;
    const axes = [
      { pan: right, more: parallax[0] ?? 0, side: size.width },
      { pan: down, more: parallax[1] ?? 0, side: size.height },
    ];
    // Near and far places move differently. Of opposite borders, the camera comes closer to the one that it pans to.
    const parts = axes.flatMap(({ pan, more, side }) =>
      NEARNESS.map((near) => {
        const beyond = Math.abs(pan * (1 + near) + more * near) - nearer * (side / 2 / UNIT) * (1 + near);
        return (distance * beyond + SOFT) / side;
      }),
    );
    return distance * Math.hypot(right, down, nearer, ...parallax) < STILL ? 0 : Math.max(0, ...parts);
  };
}

/** The motion of the picture's edge in the last frame, in latent pixels: `motion_amount` in models/nano/training/camera.py. */
function motionAmount(settings: SegmentSettings): number {
  const { motionBucketId, noiseAugStrength } = settings;
  const slower = Math.min(Math.max(7 / modelFps(settings), 0.25), 1.4);
  return Math.min((1 + (8 * motionBucketId) / 255) * slower * (1 + noiseAugStrength), 9.5);
}
