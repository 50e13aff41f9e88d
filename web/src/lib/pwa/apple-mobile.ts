/** Whether this is an iPhone or iPad, whose browsers install apps and save videos only by the share menu. */
export const isAppleMobile = ({ userAgent, platform, maxTouchPoints }: Navigator): boolean =>
  // An iPad reports itself as a Mac, but Macs have no touch screen.
  /iPhone|iPad|iPod/.test(userAgent) || (platform === 'MacIntel' && maxTouchPoints > 1);
