import type { VideoRecord } from '../domain/messages.ts';
import { changed } from '../domain/ports/records.ts';
import type { Change } from '../domain/ports/records.ts';

/** A change for tests that modifies every record it is given. */
export const edit =
  (modify: (record: VideoRecord) => void): Change<undefined> =>
  (record) => {
    modify(record);
    return changed();
  };
