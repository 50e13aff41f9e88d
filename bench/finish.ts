import { parseArgs } from 'node:util';
import { againstPart } from './finish/against-part.ts';
import { clipsPart } from './finish/clips-part.ts';
import { photosPart } from './finish/photos-part.ts';
import { reportTargets } from './finish/targets.ts';
import { printHelp } from './support/print-help.ts';

const USAGE = `usage: npm run bench -- finish [PHOTO...] [--model models/nano] [--frames 50] [--sheets FOLDER] [--json FILE] [--threads 2]
       npm run bench -- finish --clips CLIP... [--json FILE] [--frames 119] [--max-width 640] [--threads 2]
       npm run bench -- finish --against CLIP... [--json FILE] [--frames 25] [--from 0] [--max-width 1280] [--scale 2.5]
                                  [--autoencoder MODEL]

Measures finished frames beside plain enlargement (Lanczos) and ffmpeg's minterpolate, and prints targets beside the figures;
the exit status is 1 if a target is missed.

Without --clips and --against: photos of 2 megapixels and more, by default ten from Debian packages, which are downloaded
with apt-get unless they are installed. Of the first photos, scenes with a known camera are rendered, reduced, put through
the model's autoencoder and finished: how like the truth are they, where the photo showed the place and where it did not? Of
each photo, the model makes a video: how sharp is the last frame, and how much does the video flicker? --sheets: a folder for
pictures at full size, enlarged, finished, and the photo: the first, the middle and the last frame.

--clips: leaves out every second frame of real clips and puts it back: how like the real ones are they (dB), and how long does
it take? --against: makes real clips small, keeps their first frame as the photo, finishes them, and compares with the real
frames; --autoencoder puts the small frames through a model's autoencoder first. Clips are what ffmpeg reads.

--json: writes the figures, a list of one object for each photo or clip.`;
printHelp(USAGE);

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    clips: { type: 'boolean', default: false },
    against: { type: 'boolean', default: false },
    json: { type: 'string' },
    frames: { type: 'string' },
    from: { type: 'string', default: '0' },
    'max-width': { type: 'string' },
    scale: { type: 'string', default: '2.5' },
    threads: { type: 'string', default: '2' },
    autoencoder: { type: 'string' },
    model: { type: 'string', default: 'models/nano' },
    sheets: { type: 'string' },
  },
});
if ((values.clips && values.against) || ((values.clips || values.against) && positionals.length === 0)) {
  console.error(USAGE);
  process.exit(2);
}
const { json, sheets, model, autoencoder } = values;
const threads = Number(values.threads);

if (values.clips) {
  const options = { frames: Number(values.frames ?? 119), maxWidth: Number(values['max-width'] ?? 640), threads };
  reportTargets(await clipsPart(positionals, options, json));
} else if (values.against) {
  const options = {
    frames: Number(values.frames ?? 25),
    maxWidth: Number(values['max-width'] ?? 1280),
    scale: Number(values.scale),
    from: Number(values.from),
    threads,
  };
  reportTargets(await againstPart(positionals, autoencoder, options, json));
} else {
  reportTargets(await photosPart(positionals, { model, frames: Number(values.frames ?? 50), threads, sheets, json }));
}
