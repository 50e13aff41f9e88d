/** A work queue's consumer that a service takes tasks from. */
export interface QueueAccess {
  readonly stream: string;
  readonly consumer: string;
}

/** `read`: get by key. `change`: that, and create, update, delete by key. `watch`: that, and follow and list keys. */
export type RecordsAccess = 'read' | 'change' | 'watch';

/** What one service may do with NATS; what is not in it is refused. */
export interface Access {
  readonly queues?: readonly QueueAccess[];
  /** Streams whose state it may see, whose messages it may read one by one, and which it may purge. */
  readonly tends?: readonly string[];
  readonly publishes?: readonly string[];
  readonly subscribes?: readonly string[];
  /** By KV bucket. */
  readonly records?: Readonly<Record<string, RecordsAccess>>;
  /** Object Store buckets that it gets from. */
  readonly reads?: readonly string[];
  /** Object Store buckets that it gets from, puts into, and cleans of puts that failed and of rubbish. */
  readonly writes?: readonly string[];
}

/** Subjects, as NATS' configuration takes them. */
export interface AllowLists {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * Where a user's replies arrive. Its clients connect with this as their `inboxPrefix`: were it NATS' own `_INBOX`, every
 * user could listen to the others' replies.
 */
export function inboxPrefix(user: string): string {
  return `_INBOX_${user}`;
}

/**
 * The allow-lists of a user, subject by subject. Never `$JS.>` nor `$JS.API.>`: in several releases they reach into
 * other accounts (CVE-2025-30215).
 */
export function allowLists(user: string, access: Access): AllowLists {
  const { queues = [], tends = [], publishes = [], subscribes = [], records = {}, reads = [], writes = [] } = access;
  return {
    publish: [
      '$JS.API.INFO',
      ...queues.flatMap(queueSubjects),
      ...tends.flatMap(tendedSubjects),
      ...Object.entries(records).flatMap(([bucket, level]) => recordSubjects(bucket, level)),
      ...[...reads, ...writes].flatMap(objectSubjects),
      ...writes.flatMap((bucket) => [`$O.${bucket}.>`, `$JS.API.STREAM.PURGE.OBJ_${bucket}`]),
      ...publishes,
    ],
    subscribe: [`${inboxPrefix(user)}.>`, ...subscribes],
  };
}

function queueSubjects({ stream, consumer }: QueueAccess): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    `$JS.ACK.${stream}.${consumer}.>`,
    // From 2.14 on a server may put its domain and a hash of the account in front.
    `$JS.ACK.*.*.${stream}.${consumer}.>`,
  ];
}

function tendedSubjects(stream: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.>`,
    `$JS.API.STREAM.PURGE.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.LIST.${stream}`,
  ];
}

function recordSubjects(bucket: string, level: RecordsAccess): string[] {
  return [
    ...storeSubjects(`KV_${bucket}`, `$KV.${bucket}`),
    ...(level === 'read' ? [] : [`$KV.${bucket}.>`]),
    ...(level === 'watch' ? consumerSubjects(`KV_${bucket}`) : []),
  ];
}

function objectSubjects(bucket: string): string[] {
  // An object is read by a consumer of its chunks. One can be told to deliver to any subject: that is why no service may
  // make consumers of queues, and why results are never taken from a queue but from the records.
  return [...storeSubjects(`OBJ_${bucket}`, `$O.${bucket}`), ...consumerSubjects(`OBJ_${bucket}`)];
}

function storeSubjects(stream: string, subject: string): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.STREAM.MSG.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}`,
    `$JS.API.DIRECT.GET.${stream}.${subject}.>`,
  ];
}

function consumerSubjects(stream: string): string[] {
  return [
    // Without a subject where it filters by several.
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.FC.${stream}.>`,
    // Flow control, too, from 2.14 on.
    `$JS.FC.*.*.${stream}.>`,
  ];
}
