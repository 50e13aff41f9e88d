import { vi } from 'vitest';

/** The parts of a browser's page that the app's state listens to. Undo with `vi.unstubAllGlobals()`. */
export interface FakePage {
  /** Fires an event of the window, such as `online`. */
  fire(type: string, properties?: object): void;
  setHidden(hidden: boolean): void;
}

/** Stubs `document` and the window's events. */
export function stubPage(): FakePage {
  const window = new EventTarget();
  const document = Object.assign(new EventTarget(), { hidden: false, cookie: '' });
  vi.stubGlobal('document', document);
  vi.stubGlobal('addEventListener', window.addEventListener.bind(window));
  return {
    fire: (type, properties = {}) => void window.dispatchEvent(Object.assign(new Event(type), properties)),
    setHidden(hidden) {
      document.hidden = hidden;
      document.dispatchEvent(new Event('visibilitychange'));
    },
  };
}

/** Stubs `localStorage`. @returns its entries */
export function stubStorage(entries: Readonly<Record<string, string>> = {}): Map<string, string> {
  const stored = new Map(Object.entries(entries));
  vi.stubGlobal('localStorage', {
    getItem: (key: string) => stored.get(key) ?? null,
    setItem: (key: string, value: string) => void stored.set(key, value),
    removeItem: (key: string) => void stored.delete(key),
  });
  return stored;
}

/** Stubs the browser's cookies. @param kept whether the browser keeps them */
export function stubCookies(kept = true): void {
  let cookie = '';
  vi.stubGlobal('navigator', { cookieEnabled: kept });
  vi.stubGlobal('document', {
    hidden: false,
    addEventListener: () => undefined,
    get cookie() {
      return cookie;
    },
    set cookie(value: string) {
      if (kept) cookie = value;
    },
  });
  vi.stubGlobal('addEventListener', () => undefined);
}

/** A file that {@link stubPhotoDecoding} decodes as a photo of this size. */
export const photoFile = (width: number, height: number): Blob => new Blob([`\xff\xd8\xff ${width}x${height}`]);

/** Stubs the browser's functions that decode and encode photos. */
export function stubPhotoDecoding(): void {
  vi.stubGlobal('createImageBitmap', async (file: Blob) => {
    const [, width, height] = /(\d+)x(\d+)/.exec(await file.text()) ?? [];
    if (width === undefined || height === undefined) throw new DOMException('no image', 'InvalidStateError');
    return { width: Number(width), height: Number(height), close: () => undefined };
  });
  vi.stubGlobal(
    'Image',
    class {
      src = '';
      decode = () => Promise.reject(new DOMException('no image', 'EncodingError'));
    },
  );
  vi.stubGlobal(
    'OffscreenCanvas',
    class {
      getContext = () => ({ fillRect: () => undefined, drawImage: () => undefined });
      convertToBlob = ({ type }: { type: string }) => Promise.resolve(new Blob(['jpeg'], { type }));
    },
  );
}
