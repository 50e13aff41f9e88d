import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import type { PutObjectCommandInput } from '@aws-sdk/client-s3';
import { UnavailableError } from '../domain/errors.ts';
import type { Installation } from '../domain/ports/installation.ts';
import { LIFETIMES } from '../domain/stages.ts';
import { createS3Client } from './client.ts';
import { isNoObject, isOtherState, isUnknownCondition } from './errors.ts';
import { createS3Store } from './store.ts';
import type { S3Store, S3StoreSettings } from './store.ts';

/**
 * The name, after the prefix, of the object that tells which installation the prefix belongs to: a text with the id. It is in no
 * folder of artifacts, so the garbage collection does not see it.
 */
export const OWNER_OBJECT = 'installation.txt';
/** What takes the place of an id where the object is missing. */
const NONE = 'none';

/** What an installation has to have found before it uses its prefix. */
export interface OwnCheck {
  /** How long ago it was found, at most. Milliseconds. */
  readonly age: number;
  /**
   * Whether NATS must have told the id at that time, as it must before anything is removed: a process that runs on while NATS is
   * lost and made anew sees no records. Otherwise the last known id does while NATS is away. Default false.
   */
  readonly strict?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** How often each request is made. Default `S3_TRIES`. */
  readonly tries?: number;
}

/**
 * Sees to it that only one installation uses a prefix. Each removes what is under its prefix and in none of its records, so two of
 * them would remove each other's videos.
 */
export interface PrefixOwner {
  /**
   * Finds out that the prefix belongs to this installation. One without artifacts is claimed for it.
   * @throws UnavailableError when it belongs to another one, or to none although there are artifacts; the message says what to do.
   */
  requireOwn(check: OwnCheck): Promise<void>;
  /**
   * Makes the prefix this installation's. The former owner stops using it.
   * @param from the id of the owner that the caller expects, or `none`.
   * @returns the id of this installation.
   * @throws Error when the owner is another one.
   */
  takeOver(from: string): Promise<string>;
}

/** @throws Error that names S3_CA_FILE when the file cannot be read. */
export async function openPrefixOwner(settings: S3StoreSettings, installation: Installation): Promise<PrefixOwner> {
  const store = createS3Store(await createS3Client(settings), settings);
  return createPrefixOwner(store, settings, installation);
}

export function createPrefixOwner(
  { client, bucket: Bucket, folder, request }: S3Store,
  { S3_PREFIX }: Pick<S3StoreSettings, 'S3_PREFIX'>,
  installation: Installation,
): PrefixOwner {
  const Key = S3_PREFIX + OWNER_OBJECT;
  const place = `s3://${Bucket}/${S3_PREFIX}`;
  /** The id that NATS told last. */
  let known: string | null = null;
  /** The id under which this process last found the prefix to be its installation's. */
  let owning: string | null = null;
  /** When it found that, on the clock of `performance`; with an id that NATS told just then, and with any. */
  const found = { strictly: -Infinity, at: -Infinity };

  async function ownId(strict: boolean): Promise<{ readonly id: string; readonly isFresh: boolean }> {
    try {
      known = await installation.id();
      return { id: known, isFresh: true };
    } catch (error) {
      if (strict || known === null) throw error;
      return { id: known, isFresh: false };
    }
  }

  /** @returns null when the object does not exist. */
  function readOwner(signal?: AbortSignal, tries?: number): Promise<{ id: string; ETag?: string } | null> {
    const read = async (abortSignal: AbortSignal) => {
      const command = new GetObjectCommand({ Bucket, Key });
      const object = await client.send(command, { abortSignal }).catch((error: unknown) => {
        if (isNoObject(error)) return null;
        throw error;
      });
      if (!object) return null;
      const id = ((await object.Body?.transformToString()) ?? '').trim();
      return { id, ...(object.ETag !== undefined && { ETag: object.ETag }) };
    };
    return request(`reading ${Key}`, read, signal, tries);
  }

  /** Writes the object if it is still as expected. Whether it was written, and by whom, shows when it is read afterwards. */
  async function writeOwner(
    id: string,
    expected: Pick<PutObjectCommandInput, 'IfMatch' | 'IfNoneMatch'>,
    signal?: AbortSignal,
  ): Promise<void> {
    const object = { Bucket, Key, Body: `${id}\n`, ContentType: 'text/plain' };
    const write = async (abortSignal: AbortSignal) => {
      try {
        await client.send(new PutObjectCommand({ ...object, ...expected }), { abortSignal });
      } catch (error) {
        if (isOtherState(error)) return;
        if (!isUnknownCondition(error)) throw error;
        // The store knows no conditions. If two write at the same time, the last one owns the prefix.
        await client.send(new PutObjectCommand(object), { abortSignal });
      }
    };
    await request(`writing ${Key}`, write, signal);
  }

  async function hasArtifacts(signal?: AbortSignal): Promise<boolean> {
    for (const lifetime of LIFETIMES) {
      const Prefix = folder(lifetime);
      const command = new ListObjectsV2Command({ Bucket, Prefix, MaxKeys: 1 });
      const page = await request(`listing ${Prefix}`, (abortSignal) => client.send(command, { abortSignal }), signal);
      if ((page.Contents ?? []).length > 0) return true;
    }
    return false;
  }

  return {
    async requireOwn({ age, strict = false, signal, tries }) {
      const begun = performance.now();
      if (begun - (strict ? found.strictly : found.at) <= age) return;
      const { id, isFresh } = await ownId(strict);
      let owner = await readOwner(signal, tries);
      if (owner === null) {
        // It may have been removed by mistake. Without artifacts, another installation may claim the prefix at the same time.
        if (owning === id || !(await hasArtifacts(signal))) await writeOwner(id, { IfNoneMatch: '*' }, signal);
        owner = await readOwner(signal, tries);
      }
      if (owner?.id !== id) {
        found.at = found.strictly = -Infinity;
        owning = null;
        const whose = owner
          ? `belongs to the installation ${owner.id}`
          : 'has artifacts, but belongs to no installation';
        throw new UnavailableError(
          `${place} ${whose}, and this one is ${id}: set another S3_PREFIX, or take it over as docs/operations.md#owner-of-a-prefix says`,
        );
      }
      owning = id;
      found.at = begun;
      if (isFresh) found.strictly = begun;
    },
    async takeOver(from) {
      const id = await installation.id();
      const owner = await readOwner();
      const current = owner?.id ?? NONE;
      if (current === id) return id;
      if (current !== from) throw new Error(`the owner of ${place} is ${current}, not ${from}`);
      await writeOwner(id, owner ? { IfMatch: owner.ETag } : { IfNoneMatch: '*' });
      const now = (await readOwner())?.id ?? NONE;
      if (now !== id) throw new UnavailableError(`${place} was not taken over: its owner is ${now} now`);
      return id;
    },
  };
}
