import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { KUSTOMIZE, ofKind, renderChanged, workloadsOf } from './manifests.ts';
import type { Manifest } from './manifests.ts';

const policySchema = z.looseObject({
  podSelector: z.object({ matchLabels: z.record(z.string(), z.string()) }),
  egress: z.array(
    z.looseObject({ to: z.array(z.looseObject({})), ports: z.array(z.looseObject({ port: z.number() })) }),
  ),
});

/** The endpoint of every Deployment that sends traces, and what the network policy lets their pods reach for it. */
function tracesOf(manifests: readonly Manifest[]) {
  const senders = workloadsOf(manifests).flatMap(({ name, labels, spec }) => {
    const endpoint = spec.containers[0]?.env.find((one) => one.name === 'OTEL_EXPORTER_OTLP_ENDPOINT')?.value;
    return endpoint === undefined ? [] : [{ name, labels, endpoint }];
  });
  const policy = ofKind(manifests, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'spans-to-collector');
  const { podSelector, egress } = policySchema.parse(policy?.spec);
  for (const { name, labels } of senders) expect(labels, name).toMatchObject(podSelector.matchLabels);
  expect(egress).toHaveLength(1);
  return {
    senders: senders.map(({ name }) => name).sort(),
    endpoints: new Set(senders.map(({ endpoint }) => endpoint)),
    to: egress[0]!.to,
    ports: egress[0]!.ports.map(({ port }) => port),
  };
}
const inNamespace = (name: string) => ({ namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': name } } });

describe.skipIf(KUSTOMIZE === null)('the endpoint of traces', () => {
  test.each(['http://tempo.tracing.svc:4319', 'http://collector.otel.svc.cluster.local:80'])(
    'reaches every service, and the network policy lets its pods through: %s',
    async (endpoint) => {
      const { hostname, port } = new URL(`${endpoint}/`);
      const manifests = await renderChanged('overlays/production', (text) =>
        text.replace(/otlp-endpoint=.*/, `otlp-endpoint=${endpoint}`),
      );
      expect(tracesOf(manifests)).toEqual({
        senders: ['decoder', 'denoiser', 'encoder', 'gateway', 'muxer', 'outbound'],
        endpoints: new Set([endpoint]),
        to: [inNamespace(hostname.split('.')[1]!)],
        ports: [Number(port || 80)],
      });
    },
  );

  test('may be outside of the cluster, with the patch that is commented out', async () => {
    const patch = /^ {2}# - target: \{ kind: NetworkPolicy, name: spans-to-collector \}\n(?: {2}# {3}.*\n)+/m;
    const manifests = await renderChanged('overlays/production', (text) =>
      text
        .replace(/otlp-endpoint=.*/, 'otlp-endpoint=https://otlp.example.com:443')
        .replace(patch, (lines) => lines.replaceAll(/^ {2}# /gm, '  ')),
    );
    const { to, ports } = tracesOf(manifests);
    expect(to).toContainEqual({ ipBlock: { cidr: '203.0.113.7/32' } });
    expect(ports).toEqual([443, 4319]);
  });
});
