/** How many hexadecimal digits of the digest are part of a name. */
const DIGEST_DIGITS = 16;
const S3_NAME = new RegExp(`~[0-9a-f]{${DIGEST_DIGITS}}$`);

/** The name of an artifact in S3. */
export const s3Name = (name: string, sha256: Buffer): string =>
  `${name}~${sha256.toString('hex').slice(0, DIGEST_DIGITS)}`;

/** Whether an artifact is in S3. In NATS, a name ends without a digest. */
export const isS3Name = (name: string): boolean => S3_NAME.test(name);
