/** How long the scripts wait for the picture at most. Milliseconds. */
const PATIENCE_MS = 1_500;

/** SvelteKit's import of its first script, in a page's own script. */
const FIRST_IMPORT = /\bimport\(("[^"]+\/entry\/start\.[^"]+")\)/;

/**
 * Delays the scripts of a page until its first picture is loaded. On a slow network the scripts would otherwise slow down the
 * picture. A photo can be chosen before the scripts are loaded.
 *
 * @param html the end of a page, with SvelteKit's script.
 */
export const loadPictureFirst = (html: string): string =>
  html.replace(
    FIRST_IMPORT,
    (_, file: string) => `new Promise((resolve) => {
						const picture = document.querySelector('img[fetchpriority="high"]');
						if (!picture || picture.complete) return resolve();
						for (const event of ['load', 'error']) picture.addEventListener(event, resolve);
						setTimeout(resolve, ${PATIENCE_MS});
					}).then(() => import(${file}))`,
  );
