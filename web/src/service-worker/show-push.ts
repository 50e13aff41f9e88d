import { self } from '$app/service-worker';
import { locales, m } from '../lib/i18n/index.ts';

/** What the gateway sends when a video has ended. */
interface PushContent {
  readonly kind: 'done' | 'failed';
  readonly video: string;
  readonly language: string;
}

/** Shows the notification of a video, also while its page is open: browsers end a subscription whose messages show nothing. */
export async function showPush(data: PushMessageData | null): Promise<void> {
  const { kind, video, language } = data?.json() as PushContent;
  const locale = locales.find((known) => known === language) ?? locales[0];
  const title = kind === 'done' ? m.video_notify_done({}, { locale }) : m.video_notify_failed({}, { locale });
  await self.registration.showNotification(title, {
    body: m.video_notify_body({}, { locale }),
    // A notification of the page itself has the same tag, so that only one is shown.
    tag: video,
    icon: '/icons/icon-192.png',
    badge: '/icons/badge.png',
    data: { url: `/videos/${video}` },
  });
}
