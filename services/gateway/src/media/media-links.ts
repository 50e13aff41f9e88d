import { createHmac, timingSafeEqual } from 'node:crypto';

/** The file that a link gives access to. */
export interface Permission {
  readonly videoId: string;
  /** The name of the file. */
  readonly file: string;
  /** The expiry. Seconds since 1970. */
  readonly until: number;
  /** The share that the link belongs to; empty for a link of the owner. The link ends with the share. */
  readonly shareId: string;
}

/** Creates and verifies signed links, each for one file, with an expiry. Everyone who has a link can use it. */
export interface MediaLinks {
  /** Creates an owner's link. It stays the same for a third of its lifetime, so that browsers can cache the file. */
  own(videoId: string, file: string): { readonly url: string; readonly until: number };
  /** Creates a link of a share. */
  shared(permission: Permission): string;
  /** Creates the URL of a page of the web app. @param path starts with a slash. */
  page(path: string): string;
  /** Returns what a link gives access to; null when its signature is wrong or it has expired. */
  check(url: URL): Permission | null;
}

/**
 * @param secret the key of the signatures.
 * @param lifetime the minimum lifetime of owners' links. Milliseconds.
 * @param base the start of the URLs, such as `https://videos.example`; empty by default, for relative URLs.
 */
export function createMediaLinks(secret: string, lifetime: number, base = ''): MediaLinks {
  const sign = ({ videoId, file, until, shareId }: Permission) =>
    createHmac('sha256', secret).update(`media/1/${videoId}/${file}/${until}/${shareId}`).digest();

  function link(permission: Permission): string {
    const { videoId, file, until, shareId } = permission;
    const share = shareId === '' ? '' : `&share=${shareId}`;
    return `${base}/media/${videoId}/${file}?until=${until}${share}&signature=${sign(permission).toString('base64url')}`;
  }

  return {
    own(videoId, file) {
      const step = Math.max(1, lifetime / 3000);
      const until = Math.round(Math.ceil((Date.now() + lifetime) / 1000 / step) * step);
      return { url: link({ videoId, file, until, shareId: '' }), until };
    },
    shared: link,
    page: (path) => `${base}${path}`,
    check({ pathname, searchParams }) {
      const { videoId, file } = parseMediaPath(pathname) ?? {};
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

/** The video and the file that the path of a link names; null for another path. */
export function parseMediaPath(pathname: string): Pick<Permission, 'videoId' | 'file'> | null {
  const [, videoId, file] = /^\/media\/([0-9a-f-]{36})\/([a-z]+\.[a-z0-9]+)$/.exec(pathname) ?? [];
  return videoId === undefined || file === undefined ? null : { videoId, file };
}
