import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { parse } from 'yaml';
import { freePorts } from '../ports.ts';
import { findGrafana, superviseGrafana } from './grafana.ts';

let home: string;
beforeEach(async () => void (home = await mkdtemp(join(tmpdir(), 'grafana-'))));
afterEach(() => rm(home, { recursive: true, force: true }));

/** As packages lay it out; the program says what it was told, and answers as healthy. */
async function install(): Promise<string> {
  await mkdir(join(home, 'share', 'grafana', 'conf'), { recursive: true });
  await mkdir(join(home, 'bin'));
  await writeFile(join(home, 'share', 'grafana', 'conf', 'defaults.ini'), '');
  const program = `#!${process.execPath}
require('node:fs').writeFileSync(${JSON.stringify(join(home, 'told'))}, JSON.stringify([process.argv.slice(2), process.env]));
require('node:http').createServer((_, response) => response.end('{}')).listen(process.env.GF_SERVER_HTTP_PORT, process.env.GF_SERVER_HTTP_ADDR);
`;
  await writeFile(join(home, 'bin', 'grafana'), program);
  await chmod(join(home, 'bin', 'grafana'), 0o755);
  return join(home, 'bin');
}

test('one that is on PATH is found with its files', async () => {
  expect(findGrafana(join(home, 'bin'))).toBeNull();
  const bin = await install();
  expect(findGrafana(bin)).toEqual({ command: join(bin, 'grafana'), home: join(home, 'share', 'grafana') });
});

test('it gets the data source and the dashboard, on this machine only, without a login', async () => {
  const program = findGrafana(await install())!;
  const [port = 0] = await freePorts(1);
  const grafana = await superviseGrafana({
    ...{ program, port, folder: join(home, 'own'), prometheus: 'http://127.0.0.1:9', dashboard: '/x/dashboard.json' },
    ...{ logFile: join(home, 'log'), supervision: { say: () => undefined, backoffMs: 10, graceMs: 1_000 } },
  });
  await grafana.started;
  const [args, env] = JSON.parse(await readFile(join(home, 'told'), 'utf8')) as [string[], Record<string, string>];
  await grafana.stop();
  expect(args).toEqual(['server', '--homepath', program.home]);
  expect(env).toMatchObject({
    GF_SERVER_HTTP_ADDR: '127.0.0.1',
    GF_AUTH_ANONYMOUS_ENABLED: 'true',
    GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: '/x/dashboard.json',
  });
  const provisioned = async (kind: string): Promise<unknown> =>
    parse(await readFile(join(env.GF_PATHS_PROVISIONING!, kind, 'cinematica.yaml'), 'utf8'));
  expect(await provisioned('datasources')).toMatchObject({
    datasources: [{ type: 'prometheus', url: 'http://127.0.0.1:9', isDefault: true }],
  });
  expect(await provisioned('dashboards')).toMatchObject({ providers: [{ type: 'file', options: { path: '/x' } }] });
});
