import type { NatsConnection } from '@nats-io/transport-node';
import type { Nudges } from '../domain/ports/nudges.ts';
import { nudgeSubject } from './names.ts';

const PREFIX = nudgeSubject('');

export const createNudges = (nats: NatsConnection): Nudges => ({
  nudge: (videoId) => nats.publish(nudgeSubject(videoId)),
  subscribe(listener) {
    const subscription = nats.subscribe(nudgeSubject('*'), {
      callback: (error, { subject }) => {
        if (!error) listener(subject.slice(PREFIX.length));
      },
    });
    return () => subscription.unsubscribe();
  },
});
