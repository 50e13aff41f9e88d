import { z } from 'zod';
import type { Lifetime } from './messages.ts';
import { bucketName, LIFETIMES } from './stages.ts';

/** A time in milliseconds, at most a day unless a setting allows more. */
export const milliseconds = (fallback: number, max = 86_400_000) =>
  z.coerce.number().int().min(1).max(max).default(fallback);
const optional = z.string().min(1).optional();

/** What can be in S3, by the names of NATS' buckets. */
const NAMES: readonly string[] = LIFETIMES.map(bucketName);

/**
 * Which artifacts are stored in S3, and how it is reached, as environment variables. The variables with `AWS_` are those of
 * Amazon's SDK; it also finds the identity of a pod or machine when none of them is set.
 */
export const s3SettingsShape = {
  /** The S3 bucket. It must exist. Default: none, and all artifacts are in NATS. */
  S3_BUCKET: optional,
  /** The address of an S3-compatible store, with its scheme. Default: that of Amazon's region. */
  S3_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be a URL such as https://s3.example' }).optional(),
  /** The region that requests are signed for. Default us-east-1, which most compatible stores accept. */
  S3_REGION: z.string().min(1).default('us-east-1'),
  /** Whether the bucket is part of the path (`https://s3.example/bucket/…`), not of the host name. Default false. */
  S3_PATH_STYLE: z.stringbool().default(false),
  /** The start of all keys, which ends with a slash. It belongs to one installation (`s3/prefix-owner.ts`). Default: none. */
  S3_PREFIX: z
    .string()
    .regex(/^([A-Za-z0-9._-]+\/)*$/, 'must be empty, or end with a slash, such as cell-a/')
    .refine(
      (prefix) => !prefix.split('/').some((folder) => NAMES.includes(folder)),
      `must have no folder ${NAMES.join(', ')}: another installation may keep its artifacts there`,
    )
    .default(''),
  /** A file with the authorities, as PEM, that vouch for the store beside those that Node knows. Default: none. */
  S3_CA_FILE: optional,
  /** What is stored in S3, separated by commas: photos, latents, frames, media; or none. The rest is in NATS. Default photos,media. */
  S3_ARTIFACTS: z
    .string()
    .default('photos,media')
    .transform((list) => (list === 'none' ? [] : list.split(',').map((name) => name.trim())))
    .refine((names) => names.every((name) => NAMES.includes(name)), `must be of ${NAMES.join(', ')}, or none`),
  /** How long one request to S3 may take, with its body of 8 MiB at most. Milliseconds. */
  S3_TIMEOUT_MS: milliseconds(15_000),
  /** How often a request to S3 is made before it counts as failed. The pauses in between double, from a fifth of a second. */
  S3_TRIES: z.coerce.number().int().min(1).max(20).default(4),
  /** The interval of the check whether S3 answers, on which the readiness of the process depends. Milliseconds. */
  S3_CHECK_MS: milliseconds(10_000),
  /** The interval of the garbage collection of artifacts in S3, which lists the whole bucket. Milliseconds. */
  S3_COLLECT_MS: milliseconds(3_600_000),
  /** Credentials that do not change. */
  AWS_ACCESS_KEY_ID: optional,
  AWS_SECRET_ACCESS_KEY: optional,
  AWS_SESSION_TOKEN: optional,
  /** A file with credentials, such as a mounted secret. It is read again every minute, so that they can be replaced. */
  AWS_SHARED_CREDENTIALS_FILE: optional,
  /** The section of that file. Default `default`. */
  AWS_PROFILE: optional,
  /** The identity of a workload: a role, and the file with the token that the cluster renews. */
  AWS_ROLE_ARN: optional,
  AWS_WEB_IDENTITY_TOKEN_FILE: optional,
} as const;

export const s3SettingsSchema = z.object(s3SettingsShape);
export type S3Settings = z.output<typeof s3SettingsSchema>;

/** Whether new artifacts with a lifetime are stored in S3. No other place decides this. */
export const isInS3 = (settings: Pick<S3Settings, 'S3_BUCKET' | 'S3_ARTIFACTS'>, lifetime: Lifetime): boolean =>
  settings.S3_BUCKET !== undefined && settings.S3_ARTIFACTS.includes(bucketName(lifetime));
