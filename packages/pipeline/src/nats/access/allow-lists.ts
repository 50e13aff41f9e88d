/** A work queue's consumer that a service takes tasks from. */
export interface QueuePermission {
  readonly stream: string;
  readonly consumer: string;
}

/**
 * What a service may do with the keys of a bucket:
 *
 * - `read`: get a key.
 * - `change`: also create, update and delete a key.
 * - `watch`: also watch and list keys.
 */
export type BucketPermission = 'read' | 'change' | 'watch';

/** What one user may do in NATS. Everything else is rejected. Every field is empty by default. */
export interface UserPermissions {
  /** Consumers that it takes tasks from. */
  readonly queues?: readonly QueuePermission[];
  /** Streams whose state and messages it may read, and which it may purge. */
  readonly maintains?: readonly string[];
  /** Further subjects that it publishes to. */
  readonly publishes?: readonly string[];
  /** Further subjects that it subscribes to. */
  readonly subscribes?: readonly string[];
  /** What it may do with key-value buckets, by name. */
  readonly buckets?: Readonly<Record<string, BucketPermission>>;
  /** Object store buckets that it reads. */
  readonly reads?: readonly string[];
  /** Object store buckets that it reads and writes, and from which it removes failed writes and garbage. */
  readonly writes?: readonly string[];
}

/** Subjects, in the form that NATS' configuration takes. */
export interface AllowLists {
  readonly publish: readonly string[];
  readonly subscribe: readonly string[];
}

/**
 * The prefix of the inbox that a user's replies arrive in. Its clients pass it as `inboxPrefix`. With NATS' default prefix,
 * `_INBOX`, every user could subscribe to the replies of the others.
 */
export function inboxPrefix(user: string): string {
  return `_INBOX_${user}`;
}

/**
 * The allow lists of a user. They never contain `$JS.>` nor `$JS.API.>`, which reach into other accounts in several
 * releases (CVE-2025-30215).
 */
export function allowLists(user: string, permissions: UserPermissions): AllowLists {
  const {
    queues = [],
    maintains = [],
    publishes = [],
    subscribes = [],
    buckets = {},
    reads = [],
    writes = [],
  } = permissions;
  return {
    publish: [
      '$JS.API.INFO',
      ...queues.flatMap(queueSubjects),
      ...maintains.flatMap(maintenanceSubjects),
      ...Object.entries(buckets).flatMap(([bucket, permission]) => bucketSubjects(bucket, permission)),
      ...[...reads, ...writes].flatMap(objectSubjects),
      ...writes.flatMap((bucket) => [`$O.${bucket}.>`, `$JS.API.STREAM.PURGE.OBJ_${bucket}`]),
      ...publishes,
    ],
    subscribe: [`${inboxPrefix(user)}.>`, ...subscribes],
  };
}

function queueSubjects({ stream, consumer }: QueuePermission): string[] {
  return [
    `$JS.API.STREAM.INFO.${stream}`,
    `$JS.API.CONSUMER.INFO.${stream}.${consumer}`,
    `$JS.API.CONSUMER.MSG.NEXT.${stream}.${consumer}`,
    `$JS.ACK.${stream}.${consumer}.>`,
    // Since nats-server 2.14 the domain and a hash of the account may precede the stream.
    `$JS.ACK.*.*.${stream}.${consumer}.>`,
  ];
}

function maintenanceSubjects(stream: string): string[] {
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

function bucketSubjects(bucket: string, permission: BucketPermission): string[] {
  return [
    ...storeSubjects(`KV_${bucket}`, `$KV.${bucket}`),
    ...(permission === 'read' ? [] : [`$KV.${bucket}.>`]),
    ...(permission === 'watch' ? consumerSubjects(`KV_${bucket}`) : []),
  ];
}

function objectSubjects(bucket: string): string[] {
  // Objects are read without consumers. Services up to version 0.2 need one for each read, and keep the permission while
  // they are replaced. A consumer can deliver to any subject. For that reason no service may create consumers of the task
  // queues, and results are read from the records, never from a queue.
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
    // The subject has no suffix when the consumer has several filters.
    `$JS.API.CONSUMER.CREATE.${stream}`,
    `$JS.API.CONSUMER.CREATE.${stream}.>`,
    `$JS.API.CONSUMER.INFO.${stream}.*`,
    `$JS.API.CONSUMER.DELETE.${stream}.*`,
    `$JS.FC.${stream}.>`,
    // Since nats-server 2.14, as for `$JS.ACK` above.
    `$JS.FC.*.*.${stream}.>`,
  ];
}
