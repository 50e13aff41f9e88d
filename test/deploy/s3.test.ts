import { configSchema as encoder } from '@cinematica/encoder/config';
import { configSchema as gateway } from '@cinematica/gateway/config';
import { configSchema as muxer } from '@cinematica/muxer/config';
import { readConfig } from '@cinematica/pipeline/service';
import { describe, expect, test } from 'vitest';
import { environmentOf, KUSTOMIZE, ofKind, renderChanged, workloadsOf } from './manifests.ts';

const schemas = { gateway, encoder, muxer };

describe.skipIf(KUSTOMIZE === null)('production with the lines for S3', () => {
  test('gives the bucket to the pods that use it, and the credentials to no others', async () => {
    const lines = /^( *)# (- S3_|- \.\.\/\.\.\/components\/s3)/gm;
    const manifests = await renderChanged('overlays/production', (text) => {
      expect(text.match(lines)).toHaveLength(6);
      return text.replaceAll(lines, '$1$2');
    });

    const workloads = workloadsOf(manifests);
    const mounted = workloads.filter(({ spec }) => spec.volumes.some(({ name }) => name === 's3'));
    expect(mounted.map(({ name }) => name).sort()).toEqual(['encoder', 'gateway', 'muxer']);
    for (const [name, schema] of Object.entries(schemas)) {
      const { labels, spec } = workloads.find((workload) => workload.name === name)!;
      expect(labels).toHaveProperty(['cinematica.dev/s3-client'], 'true');
      const set = environmentOf(manifests, spec.containers[0]!, () => 's'.repeat(43));
      expect(readConfig(schema, set)).toMatchObject({
        S3_BUCKET: 'videos',
        S3_ENDPOINT: 'https://s3.example.com',
        S3_PATH_STYLE: true,
        S3_PREFIX: 'cinematica/',
        AWS_SHARED_CREDENTIALS_FILE: '/run/s3/credentials',
      });
    }
    expect(ofKind(manifests, 'NetworkPolicy').map(({ metadata }) => metadata.name)).toContain('s3-clients-to-s3');
  });
});
