/**
 * Whether the browser keeps this site's cookies. The gateway recognizes the owner of a video by a cookie: without it, nobody
 * could see the video that a request makes.
 */
export function cookiesWork(): boolean {
  try {
    if (!navigator.cookieEnabled) return false;
    document.cookie = 'probe=1; SameSite=Lax; Path=/';
    const kept = document.cookie.includes('probe=1');
    document.cookie = 'probe=; Max-Age=0; SameSite=Lax; Path=/';
    return kept;
  } catch {
    return false;
  }
}
