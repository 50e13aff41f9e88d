/** `node use-package.mjs URL KEY PHOTO OTHER`: uses the package as another program does, and prints what happened as JSON. */
import { CinematicaError, createCinematica, MediaKind } from '@cinematica/client';
import { photoFile, saveFile } from '@cinematica/client/node';

const [baseUrl = '', apiKey, photo = '', other = ''] = process.argv.slice(2);
const cinematica = createCinematica({ baseUrl, apiKey });
const settings = { frames: 2, steps: 2, seed: 5 };

/** @param {Promise<unknown>} promise */
const failure = async (promise) => {
  const error = await promise.then(
    () => null,
    (/** @type {unknown} */ thrown) => thrown,
  );
  return error instanceof CinematicaError
    ? { reason: error.reason, fields: error.violations.map(({ field }) => field), retryDelayMs: error.retryDelayMs }
    : String(error);
};

const video = await cinematica.create(await photoFile(photo), { settings });
const updates = new Set();
const done = await cinematica.wait(video, { onUpdate: ({ kind }) => updates.add(kind) });
await saveFile(cinematica, done, MediaKind.MP4, 'client.mp4');
const poster = await cinematica.download(done, MediaKind.POSTER);
const [again, refused] = await cinematica.createBatch([
  { source: { video: done.name }, settings },
  { source: new Uint8Array([1, 2, 3]) },
]);
const cancelled = again instanceof CinematicaError || again === undefined ? null : await cinematica.cancel(again);
const stopped = new AbortController();
const last = await cinematica.create(await photoFile(other));
const aborted = failure(cinematica.wait(last, { signal: stopped.signal }));
stopped.abort(new Error('enough'));
await cinematica.cancel(last);

console.log(
  JSON.stringify({
    name: done.name,
    updates: [...updates].sort(),
    poster: { type: poster.type, size: poster.size },
    cancelled: cancelled?.state,
    refused: refused instanceof CinematicaError ? refused.reason : refused,
    badSetting: await failure(cinematica.create(await photoFile(photo), { settings: { frames: 0 } })),
    unknown: await failure(cinematica.wait('videos/00000000-0000-7000-8000-000000000000')),
    badKey: await failure(createCinematica({ baseUrl, apiKey: 'wrong' }).capabilities()),
    aborted: await aborted,
  }),
);
