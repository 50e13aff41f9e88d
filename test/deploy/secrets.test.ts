import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { parseWebhookSecrets } from '@cinematica/outbound/webhook-secrets';
import { readSigner } from '@cinematica/credentials';
import { parseApiKeys } from '@cinematica/gateway/api-keys';
import { vapidKeys } from '@cinematica/gateway/vapid';
import { makeSecrets } from './make-secrets.ts';
import { KUSTOMIZE, OVERLAYS, render, workloadsOf } from './manifests.ts';

describe.skipIf(KUSTOMIZE === null)('make-secrets.sh', () => {
  test('makes exactly the Secrets that manifests refer to', () => {
    const made = makeSecrets();
    const wanted = new Set<string>();
    for (const workload of OVERLAYS.flatMap((overlay) => workloadsOf(render(overlay)))) {
      for (const { env } of workload.spec.containers) {
        for (const { valueFrom } of env) {
          if (!valueFrom?.secretKeyRef) continue;
          const { name, key } = valueFrom.secretKeyRef;
          expect(made.get(name), name).toHaveProperty(key);
          wanted.add(name);
        }
      }
      for (const volume of workload.spec.volumes) {
        const { secret } = z.looseObject({ secret: z.object({ secretName: z.string() }).optional() }).parse(volume);
        if (secret) wanted.add(secret.secretName);
      }
    }
    expect([...made.keys()].sort()).toEqual([...wanted].sort());
  });

  test('secrets are unique and long, and NATS reads them as strings', () => {
    const both = [makeSecrets(), makeSecrets()];
    const values = both
      .flatMap((secrets) => [...secrets])
      .filter(([name]) => !['api-keys', 'webhook-secrets', 'content-credentials', 'vapid'].includes(name))
      .flatMap(([, data]) => Object.values(data));
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value).toMatch(/^[a-z][0-9a-z]{40,}$/);
    const webhooks = both.map((secrets) => secrets.get('webhook-secrets')?.secrets ?? '');
    for (const text of webhooks) expect(parseWebhookSecrets(text).of('key-ann')[0]).toHaveLength(32);
    expect(webhooks[0]).not.toBe(webhooks[1]);
    const keys = both.map((secrets) => vapidKeys(secrets.get('vapid')?.['private-key'] ?? ''));
    for (const { privateKey, publicKey } of keys) {
      expect(Buffer.from(privateKey, 'base64url')).toHaveLength(32);
      expect(Buffer.from(publicKey, 'base64url')).toHaveLength(65);
    }
    expect(keys[0]).not.toEqual(keys[1]);
    for (const secrets of both) {
      const { 'certificates.pem': certificates = '', 'key.pem': privateKey = '' } =
        secrets.get('content-credentials') ?? {};
      expect(() => readSigner({ certificates, privateKey })).not.toThrow();
      expect(() => parseApiKeys(secrets.get('api-keys')?.keys ?? 'none')).not.toThrow();
    }
  });
});
