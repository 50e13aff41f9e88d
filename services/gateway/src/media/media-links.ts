import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a link lets whoever has it fetch. */
export interface Permission {
  readonly videoId: string;
  /** Name of the file. */
  readonly file: string;
  /** Until when, seconds since 1970. */
  readonly until: number;
  /** The share that it came by, which can be taken back; empty for the owner's own. */
  readonly shareId: string;
}

/** Makes and checks links that are permissions themselves: signed, for one file, until a moment. */
export interface MediaLinks {
  /** An owner's link; the same one for some minutes, so that browsers keep what they have. */
  own(videoId: string, file: string): { readonly url: string; readonly until: number };
  /** One that lasts as long as a share. */
  shared(permission: Permission): string;
  /** What a link permits, or null where it is none of ours, or was. */
  check(url: URL): Permission | null;
}

/** @param lifetime of owners' links at least, milliseconds. */
export function createMediaLinks(secret: string, lifetime: number): MediaLinks {
  const sign = ({ videoId, file, until, shareId }: Permission) =>
    createHmac('sha256', secret).update(`media/1/${videoId}/${file}/${until}/${shareId}`).digest();

  function link(permission: Permission): string {
    const { videoId, file, until, shareId } = permission;
    const share = shareId === '' ? '' : `&share=${shareId}`;
    return `/media/${videoId}/${file}?until=${until}${share}&signature=${sign(permission).toString('base64url')}`;
  }

  return {
    own(videoId, file) {
      const step = Math.max(1, lifetime / 3000);
      const until = Math.round(Math.ceil((Date.now() + lifetime) / 1000 / step) * step);
      return { url: link({ videoId, file, until, shareId: '' }), until };
    },
    shared: link,
    check({ pathname, searchParams }) {
      const [, videoId, file] = /^\/media\/([0-9a-f-]{36})\/([a-z]+\.[a-z0-9]+)$/.exec(pathname) ?? [];
      const until = /^\d{1,12}$/.exec(searchParams.get('until') ?? '')?.[0];
      const signature = Buffer.from(searchParams.get('signature') ?? '', 'base64url');
      if (videoId === undefined || file === undefined || until === undefined) return null;
      const permission = { videoId, file, until: Number(until), shareId: searchParams.get('share') ?? '' };
      const expected = sign(permission);
      if (signature.length !== expected.length || !timingSafeEqual(signature, expected)) return null;
      return permission.until * 1000 > Date.now() ? permission : null;
    },
  };
}
