import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import type { Maintenance } from '../domain/ports/maintenance.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { withTranslatedErrors } from './errors.ts';
import { PREVIEW_STREAM, previewSubject } from './names.ts';
import { purgeAcknowledged } from './purge-acknowledged.ts';
import { removeMarkers, trimHistories } from './trim-records.ts';

export function createMaintenance(
  nats: NatsConnection,
  settings: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Maintenance {
  // `checkAPI` would look up the account, which a service has no permission for.
  const opened = jetstreamManager(nats, { timeout: settings.REQUEST_TIMEOUT_MS, checkAPI: false });
  const client = jetstream(nats, { timeout: settings.REQUEST_TIMEOUT_MS });
  return {
    purgeAcknowledged: async () => purgeAcknowledged(await opened),
    trimHistories: async (records) => trimHistories(await opened, records),
    removeMarkers: async (age) => removeMarkers(client, await opened, age),
    async removePreview(videoId) {
      const { streams } = await opened;
      const filter = previewSubject(videoId);
      await withTranslatedErrors('removing a preview', () => streams.purge(PREVIEW_STREAM, { filter }));
    },
  };
}
