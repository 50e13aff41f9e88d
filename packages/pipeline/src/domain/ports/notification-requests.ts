import type { NotificationRequest } from '../messages.ts';
import type { VideoRef } from './records.ts';

/** Stores which devices are to be notified when a video ends. Every method throws UnavailableError. */
export interface NotificationRequests {
  /** Stores a request, once for each video and device. */
  put(request: NotificationRequest): Promise<void>;
  /** The requests for a video; without one, all. */
  list(video?: VideoRef): Promise<NotificationRequest[]>;
  /** Removes a request. Does nothing when it does not exist. */
  remove(video: VideoRef, endpoint: string): Promise<void>;
  /** Removes all requests of a device, whose push service has refused it. */
  removeDevice(endpoint: string): Promise<void>;
}
