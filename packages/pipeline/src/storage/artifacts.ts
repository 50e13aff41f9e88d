import { UnavailableError } from '../domain/errors.ts';
import { ArtifactStore, Lifetime } from '../domain/messages.ts';
import type { Artifact } from '../domain/messages.ts';
import type { Artifacts } from '../domain/ports/artifacts.ts';
import { isS3Name } from '../domain/s3-names.ts';
import { isInS3 } from '../domain/s3-settings.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { createObjectArtifacts } from '../nats/artifacts.ts';
import type { NatsConnection } from '../nats/connect.ts';
import { openInstallation } from '../nats/installation.ts';

/**
 * Opens the store of artifacts: NATS, and with `S3_BUCKET` also S3. An artifact is read from where it was written, so videos stay
 * complete when the settings change. Nothing is requested from a store before it is used.
 * @throws Error that names S3_CA_FILE when the file cannot be read.
 */
export async function openArtifacts(nats: NatsConnection, settings: PipelineSettings): Promise<Artifacts> {
  const inNats = createObjectArtifacts(nats, settings);
  const { S3_BUCKET } = settings;
  if (S3_BUCKET === undefined) return { ...inNats, ...reading(inNats, null) };
  const { createS3Artifacts } = await import('../s3/artifacts.ts');
  const inS3 = await createS3Artifacts({ ...settings, S3_BUCKET }, openInstallation(nats, settings));
  const both = [inNats, inS3] as const;
  /**
   * The stores that may contain artifacts with a lifetime. `remove` uses one of them, so garbage in NATS is also collected while S3 is
   * away. The artifacts of a video are listed in both, so a deleted video is removed when S3 is back.
   */
  const storesOf = (lifetime: Lifetime) => (isInS3(settings, lifetime) ? both : ([inNats] as const));
  return {
    ...reading(inNats, inS3),
    check: (signal) => inS3.check(signal),
    requireRoom: (mediaBytes) => inNats.requireRoom(isInS3(settings, Lifetime.MEDIA) ? 0 : mediaBytes),
    put: (lifetime, ...rest) => (isInS3(settings, lifetime) ? inS3 : inNats).put(lifetime, ...rest),
    remove: (lifetime, name) => (isS3Name(name) ? inS3 : inNats).remove(lifetime, name),
    listed: (lifetime) => inS3.listed(lifetime),
    async list(lifetime, videoId) {
      // What belongs to a video is found wherever earlier settings have put it.
      const stores = videoId === undefined ? storesOf(lifetime) : both;
      return (await Promise.all(stores.map((store) => store.list(lifetime, videoId)))).flat();
    },
    async time(lifetime, name) {
      const times = await Promise.all(storesOf(lifetime).map((store) => store.time(lifetime, name)));
      return times.find((time) => time !== null) ?? null;
    },
    async removeBroken(lifetime, age) {
      const counts = await Promise.all(storesOf(lifetime).map((store) => store.removeBroken(lifetime, age)));
      return counts.reduce((sum, count) => sum + count, 0);
    },
  };
}

/** Reads an artifact from the store that its record names. */
function reading(inNats: Artifacts, inS3: Artifacts | null): Pick<Artifacts, 'get' | 'stream'> {
  function storeOf({ name, store }: Artifact): Artifacts {
    if (store !== ArtifactStore.S3) return inNats;
    if (inS3) return inS3;
    throw new UnavailableError(`the artifact ${name} is in S3, but S3_BUCKET is not set`);
  }
  return {
    get: async (artifact, signal) => storeOf(artifact).get(artifact, signal),
    async *stream(artifact, options) {
      yield* storeOf(artifact).stream(artifact, options);
    },
  };
}
