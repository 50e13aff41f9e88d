import type { JetStreamManager } from '@nats-io/jetstream';
import { bucketName, bucketStream } from './names.ts';
import type { Lifetime } from '../domain/messages.ts';

/** What the object store keeps of an object, as far as it concerns us. */
interface Entry {
  readonly nuid: string;
  readonly time: number;
}

/** A bucket's entries, by what the stream itself knows. */
export interface ObjectEntries {
  /**
   * Names of all objects that are complete. The client's own list counts on a number of entries to come: it waits where
   * one is removed meanwhile.
   */
  names(): Promise<string[]>;
  /** When an object was complete, milliseconds since 1970; null where it is gone. */
  time(name: string): Promise<number | null>;
  /** Removes an object, its entry included: the client's own `delete` leaves a marker for ever. */
  remove(name: string): Promise<void>;
  /**
   * Removes chunks that no entry refers to, which a writer that was killed leaves behind.
   * @param age milliseconds; younger chunks may belong to a write that is under way.
   * @returns how many objects' remains were removed.
   */
  removeBroken(age: number): Promise<number>;
}

export function openObjectEntries(manager: JetStreamManager, lifetime: Lifetime): ObjectEntries {
  const stream = bucketStream(lifetime);
  const entries = `$O.${bucketName(lifetime)}.M.`;
  const chunks = `$O.${bucketName(lifetime)}.C.`;
  // As the object store encodes names: base64 in its alphabet for addresses, padded.
  const encode = (name: string) =>
    entries + Buffer.from(name).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
  const decode = (subject: string) => Buffer.from(subject.slice(entries.length), 'base64url').toString();

  async function tails(prefix: string): Promise<string[]> {
    const { state } = await manager.streams.info(stream, { subjects_filter: `${prefix}>` });
    return Object.keys(state.subjects ?? {});
  }

  async function entry(subject: string): Promise<Entry | null> {
    const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
    return message && { nuid: message.json<{ nuid: string }>().nuid, time: message.time.getTime() };
  }

  return {
    names: async () => (await tails(entries)).map(decode),
    time: async (name) => (await entry(encode(name)))?.time ?? null,
    async remove(name) {
      const found = await entry(encode(name));
      if (!found) return;
      // The entry first: a reader then finds nothing, rather than an entry without content.
      await manager.streams.purge(stream, { filter: encode(name) });
      await manager.streams.purge(stream, { filter: chunks + found.nuid });
    },
    async removeBroken(age) {
      // The chunks first: an object that is complete only after this look is then among the entries.
      const written = await tails(chunks);
      const complete = await tails(entries);
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
