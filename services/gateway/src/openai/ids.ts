/** The id of a video in this API, such as `video_018f…`. */
export const toOpenAiId = (videoId: string): string => `video_${videoId}`;

const UUID = /^(?:video_|videos\/)?([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})$/i;

/** The video id in an id of this API. The UUID alone and the resource name of the other API are read as well. @returns null when it is none. */
export const fromOpenAiId = (id: string): string | null => UUID.exec(id)?.[1]?.toLowerCase() ?? null;
