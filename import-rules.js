/** What may import what. `npm run check` applies these rules with dependency-cruiser. Type imports count as well. */

/**
 * The packages, and the rooms within them, from the lowest to the highest. A file imports from its own room and from lower ones.
 *
 * @type {Record<string, readonly string[]>}
 */
export const ROOMS = {
  packages: ['concurrency', 'finish', 'provenance', 'credentials', 'protocol', 'client', 'settings', 'svd', 'pipeline'],
  'packages/pipeline/src': ['telemetry', 'domain', 's3', 'nats', 'storage', 'process'],
};

/** Tests and their helpers, which may start whatever they need. */
const TESTS = String.raw`\.test\.ts$|/(testing|fixtures)/`;

/** @type {import('dependency-cruiser').IForbiddenRuleType[]} */
const rooms = Object.entries(ROOMS).flatMap(([folder, names]) =>
  names.slice(0, -1).map((name, index) => {
    const higher = names.slice(index + 1);
    return {
      name: `${name}-below-${higher.join('-and-')}`,
      comment: `${folder}/${name} must not import from ${higher.join(' or ')}.`,
      severity: 'error',
      from: { path: `^${folder}/${name}/`, pathNot: TESTS },
      to: { path: `^${folder}/(${higher.join('|')})/` },
    };
  }),
);

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-cycle',
      comment: 'Files must not import each other in a circle.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'public-door',
      comment: 'Import a package or service by its name, through the exports of its package.json.',
      severity: 'error',
      from: { pathNot: '^(packages|services)/' },
      to: { path: '^(packages|services)/', dependencyTypes: ['local'] },
    },
    {
      name: 'public-door-of-neighbours',
      comment: 'Import another package or service by its name, through the exports of its package.json.',
      severity: 'error',
      from: { path: '^((?:packages|services)/[^/]+)/' },
      to: { path: '^(packages|services)/', pathNot: '^$1/', dependencyTypes: ['local'] },
    },
    {
      name: 'packages-at-the-bottom',
      comment: 'Packages import packages only.',
      severity: 'error',
      from: { path: '^packages/', pathNot: TESTS },
      to: { path: '^(services|web|scripts|test|bench|deploy)/' },
    },
    {
      name: 'services-apart',
      comment: 'Services import packages only. They reach each other over NATS and gRPC.',
      severity: 'error',
      from: { path: '^services/([^/]+)/', pathNot: TESTS },
      to: { path: '^(services|web|scripts|test|bench|deploy)/', pathNot: '^services/$1/' },
    },
    {
      name: 'web-uses-protocol-and-settings',
      comment: 'The web app imports packages/protocol and packages/settings, which run in browsers.',
      severity: 'error',
      from: { path: '^web/src/', pathNot: TESTS },
      to: {
        path: '^(packages|services|scripts|test|bench|deploy)/',
        pathNot: '^packages/(protocol|settings)/',
      },
    },
    {
      name: 'no-tests-in-programs',
      comment: 'Programs do not import tests or their helpers.',
      severity: 'error',
      from: { path: '^(packages|services|web|scripts)/', pathNot: TESTS },
      to: { path: '^(test|bench)/|\\.test\\.ts$' },
    },
    {
      name: 'nats-behind-ports',
      comment: 'Only packages/pipeline/src/nats uses the NATS client.',
      severity: 'error',
      from: { path: '^(packages|services|web)/', pathNot: `^packages/pipeline/src/nats/|${TESTS}` },
      to: { path: '(^|/)node_modules/@nats-io/' },
    },
    {
      name: 's3-behind-ports',
      comment: 'Only packages/pipeline/src/s3 uses the S3 client.',
      severity: 'error',
      from: { path: '^(packages|services|web|scripts)/', pathNot: `^packages/pipeline/src/s3/|${TESTS}` },
      to: { path: '(^|/)node_modules/@aws-sdk/' },
    },
    {
      name: 's3-loaded-when-needed',
      comment: 'The S3 client takes 0.15 s and 35 MB to load, so it is imported with import() where it is used.',
      severity: 'error',
      from: { path: '^packages/pipeline/src/', pathNot: `^packages/pipeline/src/s3/|${TESTS}` },
      to: { path: '^packages/pipeline/src/s3/', dependencyTypesNot: ['dynamic-import', 'type-only'] },
    },
    ...rooms,
  ],
  options: {
    tsPreCompilationDeps: true,
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(\\.cache|\\.svelte-kit|build|dist)/' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types', 'svelte'],
    },
  },
};
