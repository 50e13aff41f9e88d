/** Puts a small visible label “AI” into the lower left corner of frames. */
export interface VisibleMark {
  /** Labels a frame in place: RGB, 8 bits, `[height, width, 3]`. */
  draw(frame: Uint8Array): void;
}

/** The label's height in parts of the frame's short side; at least {@link MIN_HEIGHT} pixels. */
const HEIGHT = 1 / 18;
const MIN_HEIGHT = 12;
/** How opaque the label's ground and its letters are. */
const GROUND_OPACITY = 0.45;
const LETTER_OPACITY = 0.92;
/** Points for each pixel and direction at which shapes are sampled, for smooth edges. */
const SAMPLES = 4;

/** The strokes of the letters “AI” in a label 1.5 wide and 1 high: from x, y to x, y. */
const STROKES = [
  [0.36, 0.76, 0.6, 0.25],
  [0.6, 0.25, 0.84, 0.76],
  [0.46, 0.58, 0.74, 0.58],
  [1.12, 0.25, 1.12, 0.76],
] as const;
const ASPECT = 1.5;
const STROKE_RADIUS = 0.05;
const CORNER_RADIUS = 0.28;

/** @param width, height of the frames in pixels. */
export function createVisibleMark(width: number, height: number): VisibleMark {
  const tall = Math.min(height, Math.max(MIN_HEIGHT, Math.round(HEIGHT * Math.min(width, height))));
  const wide = Math.min(width, Math.round(ASPECT * tall));
  const margin = Math.round(tall / 2);
  const left = Math.min(margin, width - wide);
  const top = Math.max(0, height - margin - tall);
  const ground = new Float32Array(wide * tall);
  const letters = new Float32Array(wide * tall);
  for (let i = 0; i < ground.length; i++) {
    const [x, y] = [i % wide, Math.floor(i / wide)];
    ground[i] = GROUND_OPACITY * coverage(x, y, tall, isGround);
    letters[i] = LETTER_OPACITY * coverage(x, y, tall, isLetter);
  }
  return {
    draw(frame) {
      for (let y = 0, i = 0; y < tall; y++) {
        for (let x = 0, at = 3 * ((top + y) * width + left); x < wide; x++, i++) {
          for (let channel = 0; channel < 3; channel++, at++) {
            const dark = frame[at]! * (1 - ground[i]!);
            frame[at] = Math.round(dark + letters[i]! * (255 - dark));
          }
        }
      }
    },
  };
}

/** The share of a pixel that a shape covers. */
function coverage(x: number, y: number, tall: number, isInside: (x: number, y: number) => boolean): number {
  let inside = 0;
  for (let i = 0; i < SAMPLES * SAMPLES; i++) {
    const dx = ((i % SAMPLES) + 0.5) / SAMPLES;
    const dy = (Math.floor(i / SAMPLES) + 0.5) / SAMPLES;
    if (isInside((x + dx) / tall, (y + dy) / tall)) inside++;
  }
  return inside / SAMPLES ** 2;
}

function isGround(x: number, y: number): boolean {
  const dx = Math.max(CORNER_RADIUS - x, x - ASPECT + CORNER_RADIUS, 0);
  const dy = Math.max(CORNER_RADIUS - y, y - 1 + CORNER_RADIUS, 0);
  return Math.hypot(dx, dy) <= CORNER_RADIUS;
}

const isLetter = (x: number, y: number): boolean =>
  STROKES.some(([x1, y1, x2, y2]) => {
    const [dx, dy] = [x2 - x1, y2 - y1];
    const along = Math.min(1, Math.max(0, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy)));
    return Math.hypot(x - x1 - along * dx, y - y1 - along * dy) <= STROKE_RADIUS;
  });
