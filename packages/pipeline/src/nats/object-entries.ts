import type { JetStreamManager } from '@nats-io/jetstream';
import { bucketStream, chunkPrefix, metadataPrefix, metadataSubject } from './names.ts';
import type { Lifetime } from '../domain/messages.ts';

/** The part of an object's metadata that is used here. */
interface Entry {
  readonly nuid: string;
  readonly time: number;
}

/** The objects of a bucket, read directly from its stream. */
export interface ObjectEntries {
  /**
   * The names of all complete objects. The client's own list waits for ever when an object is removed while it runs, as it
   * expects a fixed number of entries.
   */
  names(): Promise<string[]>;
  /** @returns when an object was completed, milliseconds since 1970; null when it does not exist. */
  time(name: string): Promise<number | null>;
  /** Removes an object and its metadata. The client's own `delete` leaves a marker for ever. */
  remove(name: string): Promise<void>;
  /**
   * Removes chunks that no metadata refers to, which a writer leaves behind when it is killed.
   * @param age milliseconds; younger chunks are kept, because they may belong to a write in progress.
   * @returns the remains of how many objects were removed.
   */
  removeBroken(age: number): Promise<number>;
}

export function openObjectEntries(manager: JetStreamManager, lifetime: Lifetime): ObjectEntries {
  const stream = bucketStream(lifetime);
  const entries = metadataPrefix(lifetime);
  const chunks = chunkPrefix(lifetime);
  const encode = (name: string) => metadataSubject(lifetime, name);
  const decode = (subject: string) => Buffer.from(subject.slice(entries.length), 'base64url').toString();

  async function subjectsWith(prefix: string): Promise<string[]> {
    const { state } = await manager.streams.info(stream, { subjects_filter: `${prefix}>` });
    return Object.keys(state.subjects ?? {});
  }

  async function entry(subject: string): Promise<Entry | null> {
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
    return message && { nuid: message.json<{ nuid: string }>().nuid, time: message.time.getTime() };
  }

  return {
    names: async () => (await subjectsWith(entries)).map(decode),
    time: async (name) => (await entry(encode(name)))?.time ?? null,
    async remove(name) {
      const found = await entry(encode(name));
      if (!found) return;
      // The metadata first, so that a reader finds nothing rather than metadata without content.
      await manager.streams.purge(stream, { filter: encode(name) });
      await manager.streams.purge(stream, { filter: chunks + found.nuid });
    },
    async removeBroken(age) {
      // The chunks are listed first, so that an object that is completed in between is among the complete ones.
      const written = await subjectsWith(chunks);
      const complete = await subjectsWith(entries);
      if (written.length <= complete.length) return 0;
      const whole = new Set<string>();
      for (const subject of complete) {
        const found = await entry(subject);
        if (found) whole.add(chunks + found.nuid);
      }
      let removed = 0;
      for (const subject of written) {
        if (whole.has(subject)) continue;
        const last = await manager.streams.getMessage(stream, { last_by_subj: subject });
        if (!last || Date.now() - last.time.getTime() < age) continue;
        await manager.streams.purge(stream, { filter: subject });
        removed++;
      }
      return removed;
    },
  };
}
