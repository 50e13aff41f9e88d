import { createLocalAuthority, readSigner, signMedia } from '@cinematica/credentials';
import { ContentCredentialsState, InvisibleMarkState, ProvenanceService } from '@cinematica/protocol/v1';
import { createMarker, readMarkKeys, videoNumber } from '@cinematica/provenance';
import { ErrorInfoSchema } from '@cinematica/protocol';
import { ConnectError, createClient } from '@connectrpc/connect';
import { createConnectTransport } from '@connectrpc/connect-node';
import { execFile } from 'node:child_process';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import sharp from 'sharp';
import { expect, test } from 'vitest';
import { chart } from './photo/test-photos.ts';

import { startTestGateway } from './testing/gateway-process.ts';

const MARK_KEYS = `${'n'.repeat(32)},${'o'.repeat(32)}`;
const [width, height] = [480, 360];
const ORIGIN = {
  generator: { name: 'Cinemática', version: '0.2.0' },
  model: { name: 'nano', digest: '0123' },
  settings: {},
};

/** A photo of a video. */
const photo = new Uint8Array(await chart(96, 64).jpeg().toBuffer());

/** The reason and the message of a refused call. */
async function refusalOf(call: Promise<unknown>) {
  const error = ConnectError.from(
    await call.then(
      () => new Error('the call was not refused'),
      (thrown: unknown) => thrown,
    ),
  );
  return { reason: error.findDetails(ErrorInfoSchema)[0]?.reason, message: error.rawMessage };
}

/** A picture as PNG, with a mark of the older key unless the video is null. */
async function picture(videoId: string | null): Promise<Uint8Array> {
  const frame = await chart(width, height).removeAlpha().raw().toBuffer();
  if (videoId !== null) {
    const payload = { installation: 9, video: videoNumber(videoId) };
    createMarker({ width, height, key: readMarkKeys(MARK_KEYS)[1]!, payload }).mark(frame);
  }
  return sharp(frame, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

async function asVideo(png: Uint8Array): Promise<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), 'as-video-'));
  try {
    await sharp(png).toFile(join(folder, 'frame.png'));
    const encode = '-frames:v 8 -c:v libx264 -crf 28 -pix_fmt yuv420p video.mp4'.split(' ');
    await promisify(execFile)('ffmpeg', ['-v', 'error', '-loop', '1', '-i', 'frame.png', ...encode], { cwd: folder });
    return await readFile(join(folder, 'video.mp4'));
  } finally {
    await rm(folder, { recursive: true });
  }
}

test('a file is checked without an account: its mark, what it declares, and when the video was made; nothing is kept', async () => {
  const kept = await mkdtemp(join(tmpdir(), 'kept-'));
  const authority = await createLocalAuthority('a test');
  const camera = await createLocalAuthority('a camera');
  const folder = await mkdtemp(join(tmpdir(), 'roots-'));
  const [roots, trusted] = [join(folder, 'root.pem'), join(folder, 'trusted.pem')];
  await writeFile(roots, authority.root);
  await writeFile(trusted, camera.root);
  await using gateway = await startTestGateway({
    MARK_KEYS,
    CREDENTIALS_ROOTS: roots,
    CREDENTIALS_TRUSTED_ROOTS: trusted,
    VERIFY_PER_MINUTE: '8',
    TMPDIR: kept,
  });
  const { verifyMedia } = createClient(
    ProvenanceService,
    createConnectTransport({ baseUrl: gateway.url, httpVersion: '1.1' }),
  );
  const { video } = await gateway.client().createVideo({ source: { case: 'image', value: photo } });
  const id = video!.name.replace('videos/', '');

  const marked = await picture(id);
  for (const media of [marked, await asVideo(marked)]) {
    const { invisibleMark, declaredGenerated } = await verifyMedia({ media });
    expect(invisibleMark).toMatchObject({ state: InvisibleMarkState.READ, installation: 9 });
    expect(invisibleMark?.videoCreateTime).toEqual(video!.createTime);
    expect(invisibleMark?.score).toBeGreaterThan(5);
    expect(declaredGenerated).toBe(false);
  }

  const plain = await verifyMedia({ media: await picture(null) });
  expect(plain.invisibleMark?.state).toBe(InvisibleMarkState.NOT_FOUND);
  expect(plain.contentCredentials).toMatchObject({ state: ContentCredentialsState.MISSING, signer: '' });

  const signed = await signMedia(await chart(96, 64).jpeg().toBuffer(), ORIGIN, readSigner(authority));
  expect((await verifyMedia({ media: signed })).contentCredentials).toMatchObject({
    state: ContentCredentialsState.VALID,
    signedHere: true,
    signerTrusted: true,
    signer: 'a test',
    generator: 'Cinemática 0.2.0',
    generated: true,
  });
  const foreign = await signMedia(await chart(96, 64).jpeg().toBuffer(), ORIGIN, readSigner(camera));
  expect((await verifyMedia({ media: foreign })).contentCredentials).toMatchObject({
    state: ContentCredentialsState.VALID,
    signedHere: false,
    signerTrusted: true,
    signer: 'a camera',
  });
  const photoOfVideo = await gateway.client().createVideo({ source: { case: 'image', value: foreign } });
  expect(photoOfVideo.video?.name).toMatch(/^videos\//);

  expect(await refusalOf(verifyMedia({ media: Buffer.from('a letter') }))).toMatchObject({
    reason: 'MEDIA_UNREADABLE',
    message: expect.stringContaining('neither a video') as string,
  });
  const broken = Buffer.concat([(await asVideo(marked)).subarray(0, 40), Buffer.alloc(1_000)]);
  expect(await refusalOf(verifyMedia({ media: broken }))).toMatchObject({
    reason: 'MEDIA_UNREADABLE',
    message: 'The video is damaged, or has no pictures that can be read.',
  });
  expect(await readdir(kept)).toEqual([]);
  await rm(kept, { recursive: true });

  const letter = Buffer.from('another letter');
  const refusals = await Promise.all(Array.from({ length: 8 }, () => refusalOf(verifyMedia({ media: letter }))));
  expect(refusals.map(({ reason }) => reason)).toContain('TOO_MANY_REQUESTS');
});
