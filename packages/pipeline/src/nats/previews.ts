import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from '@nats-io/transport-node';
import { PreviewSchema } from '../domain/messages.ts';
import type { Preview } from '../domain/messages.ts';
import type { PreviewPublisher, Previews } from '../domain/ports/previews.ts';
import { PREVIEW_STREAM, previewSubject } from './names.ts';
import type { PipelineSettings } from '../domain/settings.ts';
import { withTranslatedErrors } from './errors.ts';

export const createPreviewPublisher = (nats: NatsConnection): PreviewPublisher => ({
  publish: (videoId, preview) => nats.publish(previewSubject(videoId), toBinary(PreviewSchema, preview)),
});

/** Subscribes to the previews of all videos, once for all watchers of this process. */
export async function openPreviews(
  nats: NatsConnection,
  { REQUEST_TIMEOUT_MS: timeout }: Pick<PipelineSettings, 'REQUEST_TIMEOUT_MS'>,
): Promise<Previews> {
  const manager = await jetstreamManager(nats, { timeout, checkAPI: false });
  const listeners = new Map<string, Set<(preview: Preview) => void>>();
  const subscription = nats.subscribe(previewSubject('*'), {
    callback: (error, message) => {
      if (error) return;
      const interested = listeners.get(message.subject);
      if (!interested) return;
      const preview = fromBinary(PreviewSchema, message.data);
      for (const listener of interested) listener(preview);
    },
  });
  return {
    async last(videoId) {
      const query = { last_by_subj: previewSubject(videoId) };
      const message = await withTranslatedErrors('reading a preview', () =>
        manager.streams.getMessage(PREVIEW_STREAM, query),
      );
      return message && fromBinary(PreviewSchema, message.data);
    },
    subscribe(videoId, listener) {
      const subject = previewSubject(videoId);
      const all = listeners.get(subject) ?? new Set();
      listeners.set(subject, all.add(listener));
      return () => {
        all.delete(listener);
        if (all.size === 0 && listeners.get(subject) === all) listeners.delete(subject);
      };
    },
    close: () => subscription.unsubscribe(),
  };
}
