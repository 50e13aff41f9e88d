import { createECDH } from 'node:crypto';

/** The keys by which a push service recognises this system (RFC 8292), in base64url. */
export interface VapidKeys {
  readonly publicKey: string;
  readonly privateKey: string;
}

/**
 * The key pair of a private key.
 * @param privateKey a scalar of the curve P-256, 32 bytes in base64url.
 * @throws Error that names VAPID_PRIVATE_KEY when it is no valid key.
 */
export function vapidKeys(privateKey: string): VapidKeys {
  const pair = createECDH('prime256v1');
  try {
    pair.setPrivateKey(Buffer.from(privateKey, 'base64url'));
    return { privateKey, publicKey: pair.getPublicKey('base64url') };
  } catch (cause) {
    throw new Error('VAPID_PRIVATE_KEY is no private key of the curve P-256 in base64url', { cause });
  }
}
