import { Code, ConnectError } from '@connectrpc/connect';
import { timestampMs } from '@bufbuild/protobuf/wkt';
import { MediaKind } from '@cinematica/protocol/v1';
import { error } from '@sveltejs/kit';
import { serverApi } from '#lib/api/client.server.ts';
import type { PageServerLoad } from './$types';

/** Loads a shared video. Unknown, expired and revoked links all lead to 404. */
export const load: PageServerLoad = async ({ params, request, setHeaders }) => {
  const shared = await findShared(params.token, request);
  const file = (kind: MediaKind) => {
    const media = shared?.media.find((candidate) => candidate.kind === kind);
    return media && { url: media.url, width: media.width, height: media.height, contentType: media.contentType };
  };
  const [video, poster, card] = [file(MediaKind.MP4), file(MediaKind.POSTER), file(MediaKind.CARD)];
  if (!shared || !video) error(404);
  setHeaders({ 'cache-control': 'private, no-store', 'x-robots-tag': 'noindex' });
  return {
    video,
    poster,
    card,
    /** Milliseconds since 1970. */
    expireTime: shared.expireTime ? timestampMs(shared.expireTime) : undefined,
  };
};

async function findShared(share: string, request: Request) {
  try {
    const { video } = await serverApi(request).getSharedVideo({ share });
    return video;
  } catch (cause) {
    const { code } = ConnectError.from(cause);
    if (code === Code.NotFound || code === Code.InvalidArgument) return undefined;
    error(code === Code.ResourceExhausted ? 429 : 503);
  }
}
