import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';
import { hasS3Server, isProduction, KUSTOMIZE, ofKind, OVERLAYS, render, sharesGpu, workloadsOf } from './manifests.ts';
import type { Manifest, Workload } from './manifests.ts';
import { PUBLIC_SERVICES } from './public-services.ts';

const selector = z.strictObject({ matchLabels: z.record(z.string(), z.string()).default({}) });
const peer = z.strictObject({
  podSelector: selector.optional(),
  namespaceSelector: selector.optional(),
  ipBlock: z.strictObject({ cidr: z.string(), except: z.array(z.string()).default([]) }).optional(),
});
const ports = z.array(z.strictObject({ protocol: z.enum(['TCP', 'UDP']), port: z.number() })).min(1);
const policySchema = z.strictObject({
  podSelector: selector,
  policyTypes: z.array(z.enum(['Ingress', 'Egress'])),
  // A rule with an empty or missing “from” or “to” would allow everybody, so the schema requires them.
  ingress: z.array(z.strictObject({ from: z.array(peer).min(1), ports })).default([]),
  egress: z.array(z.strictObject({ to: z.array(peer).min(1), ports })).default([]),
});
type Peer = z.output<typeof peer>;

const matches = ({ matchLabels }: z.output<typeof selector>, labels: Readonly<Record<string, string>>) =>
  Object.entries(matchLabels).every(([key, value]) => labels[key] === value);

/** A pod of this namespace, with what rules select it by. */
const isPeer = ({ podSelector, namespaceSelector, ipBlock }: Peer, labels: Readonly<Record<string, string>>): boolean =>
  ipBlock === undefined &&
  (namespaceSelector === undefined || Object.keys(namespaceSelector.matchLabels).length === 0) &&
  podSelector !== undefined &&
  matches(podSelector, labels);

const opens = (rule: { readonly ports: z.output<typeof ports> }, port: number): boolean =>
  rule.ports.some((one) => one.port === port);

const whole = ({ ipBlock }: Peer) => ipBlock !== undefined;

const serviceSchema = z.looseObject({
  clusterIP: z.string().optional(),
  selector: z.record(z.string(), z.string()),
  ports: z.array(z.looseObject({ port: z.number(), targetPort: z.string() })),
});

function networkOf(manifests: readonly Manifest[]) {
  const policies = ofKind(manifests, 'NetworkPolicy').map(({ metadata, spec }) => ({
    name: metadata.name,
    ...policySchema.parse(spec),
  }));
  const workloads = workloadsOf(manifests);
  const of = ({ labels }: Workload) => policies.filter(({ podSelector }) => matches(podSelector, labels));
  /** What the policies of the sender and of the receiver allow. A packet needs both. */
  const sends = (from: Workload, to: Workload, port: number) =>
    of(from).some(({ egress }) =>
      egress.some((rule) => rule.to.some((other) => isPeer(other, to.labels)) && opens(rule, port)),
    );
  const receives = (from: Workload, to: Workload, port: number) =>
    of(to).some(({ ingress }) =>
      ingress.some((rule) => rule.from.some((other) => isPeer(other, from.labels)) && opens(rule, port)),
    );
  return { policies, workloads, of, sends, receives };
}

/** All connections between pods of the namespace. */
const edgesOf = (overlay: (typeof OVERLAYS)[number]): string[] =>
  [
    ...[
      ...(sharesGpu(overlay) ? [] : ['decoder']),
      'denoiser',
      'encoder',
      'gateway',
      'muxer',
      'outbound',
      'provisioner',
    ].map((name) => `${name} → nats:4222`),
    ...(isProduction(overlay) ? ['backup → nats:4222', 'restore → nats:4222'] : []),
    ...(hasS3Server(overlay) ? ['encoder', 'gateway', 'muxer'].map((name) => `${name} → s3-server:7070`) : []),
    'gateway → outbound:50051',
    'muxer → outbound:50051',
    'nats → nats:6222',
    'web → gateway:8080',
  ].sort();

describe.skipIf(KUSTOMIZE === null).each(OVERLAYS)('%s', (overlay) => {
  const manifests = KUSTOMIZE === null ? [] : render(overlay);
  const { policies, workloads, of, sends, receives } = networkOf(manifests);

  test('only listed connections are allowed', () => {
    expect(policies.find(({ name }) => name === 'deny-all')).toEqual({
      name: 'deny-all',
      podSelector: { matchLabels: {} },
      policyTypes: ['Ingress', 'Egress'],
      ingress: [],
      egress: [],
    });
  });

  test.each([
    ['let out', sends],
    ['allowed to receive', receives],
  ] as const)('the edges between pods that are %s are these, no more and no less', (_, allowed) => {
    const listening = [4222, 6222, 7070, 8222, 8080, 3000, 50051, 9090, 9091];
    const edges = workloads.flatMap((from) =>
      workloads.flatMap((to) =>
        listening.filter((port) => allowed(from, to, port)).map((port) => `${from.name} → ${to.name}:${port}`),
      ),
    );
    expect(edges.sort()).toEqual(edgesOf(overlay));
  });

  test('every port of a Service reaches a listening pod and is allowed for someone', () => {
    for (const { metadata, spec } of ofKind(manifests, 'Service')) {
      const service = serviceSchema.parse(spec);
      const backends = workloads.filter(({ labels }) => matches({ matchLabels: service.selector }, labels));
      expect(backends.length, metadata.name).toBe(1);
      for (const { port: open, targetPort } of service.ports) {
        const port = backends[0]?.spec.containers[0]?.ports.find(({ name }) => name === targetPort)?.containerPort;
        expect(port, `${metadata.name} ${targetPort}`).toBeDefined();
        // Callers of a headless Service connect to the pod itself.
        if (service.clusterIP === 'None') expect(port, `${metadata.name} is headless`).toBe(open);
        const allowed = backends
          .flatMap(of)
          .some(({ ingress }) => ingress.some((rule) => rule.ports.some((one) => one.port === port)));
        expect(allowed || (metadata.name === 'web' && !isProduction(overlay)), `${metadata.name} ${targetPort}`).toBe(
          true,
        );
      }
    }
  });

  test.each(['encoder', 'denoiser', 'decoder', 'muxer'])(
    'port 50051 of the Service %s leads to that stage',
    (stage) => {
      const service = serviceSchema.parse(
        ofKind(manifests, 'Service').find(({ metadata }) => metadata.name === stage)?.spec,
      );
      const [container] = workloads
        .filter(({ labels }) => matches({ matchLabels: service.selector }, labels))
        .flatMap(({ spec }) => spec.containers);
      const { targetPort } = service.ports.find(({ port }) => port === 50051)!;
      // In a pod with two stages, the variables of one of them begin with its name.
      const variable = (name: string) => container?.env.find((one) => one.name === name)?.value;
      expect(container?.ports.find(({ name }) => name === targetPort)?.containerPort).toBe(
        Number(variable(`${stage.toUpperCase()}_GRPC_PORT`) ?? variable('GRPC_PORT')),
      );
    },
  );

  test('every policy selects existing pods', () => {
    for (const { name, podSelector } of policies) {
      expect(
        workloads.some(({ labels }) => matches(podSelector, labels)),
        name,
      ).toBe(true);
    }
  });

  test('only the outbound service, gateways with notifications and the Job for weights may reach the internet', () => {
    const free = workloads.filter((workload) =>
      of(workload).some(({ egress }) => egress.some((rule) => rule.to.some(whole))),
    );
    const inProduction = isProduction(overlay) ? ['gateway', 'weights'] : [];
    expect(free.map(({ name }) => name).sort()).toEqual(['outbound', ...inProduction].sort());
    for (const { egress } of policies) {
      for (const { to, ports: open } of egress.filter((rule) => rule.to.some(whole))) {
        expect(open).toEqual([{ protocol: 'TCP', port: 443 }]);
        for (const range of ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']) {
          expect(to[0]?.ipBlock?.except).toContain(range);
        }
        // IPv6 is allowed only where global addresses are.
        for (const { ipBlock } of to.slice(1)) expect(ipBlock?.cidr).toBe('2000::/3');
      }
    }
  });
});

test('the Ingress sends the APIs and the media to the gateway, and everything else to the web server', async () => {
  const path = z.object({ path: z.string(), backend: z.object({ service: z.object({ name: z.string() }) }) });
  const rule = z.object({ http: z.object({ paths: z.array(path) }) });
  const schema = z.object({ kind: z.literal('Ingress'), spec: z.object({ rules: z.array(rule).length(1) }) });
  const text = await readFile(join(import.meta.dirname, '../../deploy/k8s/components/tls/ingress.yaml'), 'utf8');
  const ingress = schema.parse(parseAllDocuments(text)[0]?.toJS());
  const services = ingress.spec.rules[0]?.http.paths.map(({ path: each, backend }) => [each, backend.service.name]);
  expect(Object.fromEntries(services ?? [])).toEqual({
    ...Object.fromEntries(PUBLIC_SERVICES.map((name) => [`/${name}`, 'gateway'])),
    '/media': 'gateway',
    '/v1': 'gateway',
    '/openapi.json': 'gateway',
    '/': 'web',
  });
});
