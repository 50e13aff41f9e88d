import { clone } from '@bufbuild/protobuf';
import { UnavailableError } from '../../domain/errors.ts';
import { VideoRecordSchema } from '../../domain/messages.ts';
import { UnknownVideoError } from '../../domain/ports/records.ts';
import type { Change, Records, Revision, StoredRecord, Updated, VideoRef } from '../../domain/ports/records.ts';

/** Records in memory, for tests without NATS. Readers and writers get copies, as they do from NATS. */
export interface MemoryRecords extends Records {
  /** While it is true, every call fails with UnavailableError. */
  unavailable: boolean;
  /** The newest revision of each record. */
  all(): StoredRecord[];
}

export function createMemoryRecords(): MemoryRecords {
  const histories = new Map<string, Revision[]>();
  let lastRevision = 0;
  let unavailable = false;
  const keyOf = ({ owner, videoId }: VideoRef): string => `${owner}/${videoId}`;

  function copy<S extends StoredRecord>(stored: S): S {
    return { ...stored, record: clone(VideoRecordSchema, stored.record) };
  }

  function newest(ref: VideoRef): StoredRecord | null {
    if (unavailable) throw new UnavailableError('the memory is unavailable');
    const stored = histories.get(keyOf(ref))?.at(-1);
    return stored ? copy(stored) : null;
  }

  function write({ record }: Pick<StoredRecord, 'record'>): StoredRecord {
    const history = histories.get(keyOf(record)) ?? [];
    const revision = { record, revision: ++lastRevision, time: Date.now() };
    histories.set(keyOf(record), [...history, copy(revision)]);
    return copy(revision);
  }

  function update<T>(ref: VideoRef, change: Change<T>): Updated<T> {
    const stored = newest(ref);
    if (!stored) throw new UnknownVideoError('there is no such video');
    const record = clone(VideoRecordSchema, stored.record);
    const outcome = change(record);
    return { ...outcome, stored: outcome.changed ? write({ record }) : stored };
  }

  return {
    get unavailable() {
      return unavailable;
    },
    set unavailable(value) {
      unavailable = value;
    },
    all: () => [...histories.values()].map((history) => copy(history.at(-1)!)),
    get: (ref) => settle(() => newest(ref)),
    history: (ref) => settle(() => (newest(ref) ? histories.get(keyOf(ref))!.map(copy) : [])),
    create: (record) => settle(() => (newest(record) ? null : write({ record }))),
    update: (ref, change) => settle(() => update(ref, change)),
    updateFrom: (known, change) => settle(() => update(known.record, change)),
    purge: (ref) => settle(() => void histories.delete(keyOf(ref))),
    list: (owner) =>
      settle(() =>
        [...histories.keys()]
          .filter((key) => key.startsWith(`${owner}/`))
          .map((key) => key.slice(owner.length + 1))
          .sort()
          .reverse(),
      ),
  };
}

/** Runs a call in a later turn of the event loop's microtasks, as an answer from a server arrives later. */
async function settle<T>(call: () => T): Promise<T> {
  await Promise.resolve();
  return call();
}
