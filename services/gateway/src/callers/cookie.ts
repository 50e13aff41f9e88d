import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

const NAME = 'cinematica';
/** Browsers keep a cookie for at most 400 days. */
const MAX_AGE_SECONDS = 400 * 86_400;

/** Identifies browsers by a signed cookie that scripts cannot read. */
export interface Cookies {
  /** Returns the id in a `cookie` header; null when it has no cookie with a valid signature. */
  read(header: string | null): string | null;
  /** Creates an id, and the `set-cookie` header for it. */
  issue(): { readonly id: string; readonly header: string };
}

/**
 * @param secret the key of the signatures. A different secret makes every browser a new one.
 * @param secure whether browsers send the cookie over HTTPS only.
 */
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
