import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const NAME = 'cinematica';
/** Browsers keep none for longer than 400 days. */
const MAX_AGE_SECONDS = 400 * 86_400;

/** Tells browsers apart by a signed cookie that pages can't read. */
export interface Cookies {
  /** The id that a request's cookie says, or null where it has none that is ours. */
  read(header: string | null): string | null;
  /** A new id, and the header that gives it to the browser. */
  issue(): { readonly id: string; readonly header: string };
}

/** @param secure whether browsers send it over https only. */
export function createCookies(secret: string, secure: boolean): Cookies {
  const sign = (id: string) => createHmac('sha256', secret).update(`cookie/1/${id}`).digest();
  return {
    read(header) {
      for (const pair of (header ?? '').split(';')) {
        const [name, value = ''] = pair.trim().split('=', 2);
        const match = name === NAME && /^([\w-]{22})\.([\w-]{43})$/.exec(value);
        if (!match) continue;
        const [, id = '', signature = ''] = match;
        if (timingSafeEqual(Buffer.from(signature, 'base64url'), sign(id))) return id;
      }
      return null;
    },
    issue() {
      const id = randomBytes(16).toString('base64url');
      const value = `${id}.${sign(id).toString('base64url')}`;
      const attributes = `Path=/; Max-Age=${MAX_AGE_SECONDS}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
      return { id, header: `${NAME}=${value}; ${attributes}` };
    },
  };
}
