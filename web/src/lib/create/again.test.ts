import { create } from '@bufbuild/protobuf';
import { MediaKind, Preset, VideoSchema } from '@cinematica/protocol/v1';
import { Code, ConnectError } from '@connectrpc/connect';
import { describe, expect, it } from 'vitest';
import { again, againWish, moreMotion, wantedOf } from './again.ts';

const name = 'videos/019aab00-0000-7000-8000-000000000001';
const video = create(VideoSchema, {
  name,
  settings: {
    ...{ preset: Preset.NATURAL, seed: 7, motionBucketId: 127, crop: { x: 0.2 }, outputs: [MediaKind.LOOP] },
    shape: { case: 'size', value: { width: 1024, height: 576 } },
  },
});

describe('another video', () => {
  it('takes the settings over as far as they still make sense', () => {
    expect(againWish(video, 'same').settings).toMatchObject({ seed: 7, motionBucketId: 127, crop: { x: 0.2 } });
    expect(againWish(video, 'seed').settings).not.toHaveProperty('seed');
    expect(againWish(video, 'seed')).toMatchObject({ source: { case: 'video', value: name }, settings: { crop: {} } });
    expect(againWish(video, 'motion').settings).toMatchObject({ motionBucketId: 191 });
    const on = againWish(video, 'continue');
    expect(on.source).toEqual({ case: 'continueFrom', value: name });
    expect(on.settings).not.toHaveProperty('crop');
    expect(on.settings).toMatchObject({ shape: { value: { width: 1024 } }, outputs: [MediaKind.LOOP] });
  });

  it('moves more with every step, up to the limit', () => {
    const steps = [1];
    while (steps.at(-1)! < 255) steps.push(moreMotion(steps.at(-1)!, { min: 1, max: 255 }));
    expect(steps).toEqual([1, 65, 129, 194, 255]);
  });

  it('is the same order until it was accepted, and another one after that', async () => {
    const ids: (string | undefined)[] = [];
    let answers = ['lost', 'busy', 'made', 'made'];
    const api = {
      getCapabilities: () => Promise.reject(new Error('not asked for')),
      createVideo: ({ requestId }: { requestId?: string }) => {
        ids.push(requestId);
        const [answer, ...rest] = answers;
        answers = rest;
        if (answer === 'lost') return Promise.reject(new ConnectError('no network', Code.Unavailable));
        if (answer === 'busy') return Promise.reject(new ConnectError('busy', Code.ResourceExhausted));
        return Promise.resolve(create(VideoSchema, { name: `${name}${ids.length}` })).then((made) => ({
          $typeName: 'cinematica.v1.CreateVideoResponse' as const,
          video: made,
        }));
      },
    };
    await expect(again(video, 'seed', { api })).rejects.toThrow('busy');
    await again(video, 'seed', { api });
    await again(video, 'seed', { api });
    expect(new Set(ids.slice(0, 3)).size).toBe(1);
    expect(ids[3]).not.toBe(ids[0]);
    expect(ids[0]).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  });
});

describe('a link to the create screen', () => {
  const wanted = (query: string) => wantedOf(new URLSearchParams(query));
  it('says what it asks for', () => {
    expect(wanted('')).toBeUndefined();
    expect(wanted('photo=shared')).toEqual({ how: 'shared' });
    expect(wanted('from=1-2')).toEqual({ how: 'seed', name: 'videos/1-2' });
    expect(wanted('from=1-2&motion=more')).toEqual({ how: 'motion', name: 'videos/1-2' });
    expect(wanted('continue=1-2')).toEqual({ how: 'continue', name: 'videos/1-2' });
  });
});
