/** Safari on iPhones shows only videos in full screen, by a method of its own. */
interface IPhoneVideo extends HTMLVideoElement {
  webkitEnterFullscreen?: () => void;
}

/** Shows an element in full screen, or ends it. Where only a video can be shown so, the video is. */
export async function enterFullscreen(element: HTMLElement, video: IPhoneVideo): Promise<void> {
  try {
    if (document.fullscreenElement) await document.exitFullscreen();
    else if ('requestFullscreen' in element) await element.requestFullscreen();
    else video.webkitEnterFullscreen?.();
  } catch {
    // A browser or a frame that does not allow it: the video stays where it is.
  }
}
