import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { parseWebhookSecrets } from '@cinematica/outbound/webhook-secrets';
import { readSigner } from '@cinematica/credentials';
import { parseApiKeys } from '@cinematica/gateway/api-keys';
import { vapidKeys } from '@cinematica/gateway/vapid';
import { KUSTOMIZE, OVERLAYS, render, workloadsOf } from './manifests.ts';

const script = resolve(import.meta.dirname, '../../deploy/k8s/make-secrets.sh');
const secretSchema = z.looseObject({
  kind: z.literal('Secret'),
  metadata: z.looseObject({ name: z.string() }),
  stringData: z.record(z.string(), z.string()),
});
const make = () =>
  new Map(
    parseAllDocuments(execFileSync(script, { encoding: 'utf8' })).map((document) => {
      const { metadata, stringData } = secretSchema.parse(document.toJS());
      return [metadata.name, stringData];
    }),
  );

describe.skipIf(KUSTOMIZE === null)('make-secrets.sh', () => {
  test('makes exactly the Secrets that manifests refer to', () => {
    const made = make();
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
    const values = [...make(), ...make()]
      .filter(([name]) => !['api-keys', 'webhook-secrets', 'content-credentials', 'vapid'].includes(name))
      .flatMap(([, data]) => Object.values(data));
    expect(new Set(values).size).toBe(values.length);
    for (const value of values) expect(value).toMatch(/^[a-z][0-9a-z]{40,}$/);
    const webhooks = [make(), make()].map((secrets) => secrets.get('webhook-secrets')?.secrets ?? '');
    for (const text of webhooks) expect(parseWebhookSecrets(text).of('key-ann')[0]).toHaveLength(32);
    expect(webhooks[0]).not.toBe(webhooks[1]);
    const keys = [make(), make()].map((secrets) => vapidKeys(secrets.get('vapid')?.['private-key'] ?? ''));
    for (const { privateKey, publicKey } of keys) {
      expect(Buffer.from(privateKey, 'base64url')).toHaveLength(32);
      expect(Buffer.from(publicKey, 'base64url')).toHaveLength(65);
    }
    expect(keys[0]).not.toEqual(keys[1]);
    const { 'certificates.pem': certificates = '', 'key.pem': privateKey = '' } =
      make().get('content-credentials') ?? {};
    expect(() => readSigner({ certificates, privateKey })).not.toThrow();
    expect(() => parseApiKeys(make().get('api-keys')?.keys ?? 'none')).not.toThrow();
  });
});
