import { existsSync, realpathSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { stringify } from 'yaml';
import { findProgram } from '../../setup/find-program.mjs';
import { httpReady } from '../readiness.ts';
import { supervise } from '../supervise.ts';
import type { Supervised, Supervision } from '../supervise.ts';

/** A Grafana that is installed. */
export interface GrafanaProgram {
  readonly command: string;
  /** Where its own files are. */
  readonly home: string;
}

/** Looks on PATH. @returns null where there is none, or one whose files are not where packages put them */
export function findGrafana(path: string | undefined): GrafanaProgram | null {
  const command = findProgram('grafana', path);
  if (command === null) return null;
  const bin = dirname(realpathSync(command));
  const homes = [dirname(bin), join(dirname(bin), 'share', 'grafana'), '/usr/share/grafana'];
  const home = homes.find((folder) => existsSync(join(folder, 'conf', 'defaults.ini')));
  return home === undefined ? null : { command, home };
}

export interface GrafanaOptions {
  readonly program: GrafanaProgram;
  /** For its own files. */
  readonly folder: string;
  readonly port: number;
  readonly prometheus: string;
  /** The dashboard's file. */
  readonly dashboard: string;
  readonly logFile: string;
  readonly supervision: Supervision;
}

/** Starts Grafana for whoever sits at this machine, with the dashboard as its first page. */
export async function superviseGrafana(options: GrafanaOptions): Promise<Supervised> {
  const { program, folder, port, prometheus, dashboard, logFile, supervision } = options;
  const provisioning = join(folder, 'provisioning');
  const put = async (kind: string, content: object) => {
    await mkdir(join(provisioning, kind), { recursive: true });
    await writeFile(join(provisioning, kind, 'cinematica.yaml'), stringify({ apiVersion: 1, ...content }));
  };
  await put('datasources', {
    datasources: [{ name: 'Prometheus', type: 'prometheus', access: 'proxy', url: prometheus, isDefault: true }],
  });
  await put('dashboards', {
    providers: [{ name: 'cinematica', type: 'file', options: { path: dirname(dashboard) } }],
  });
  return supervise(
    {
      name: 'Grafana',
      command: program.command,
      args: ['server', '--homepath', program.home],
      env: {
        PATH: process.env.PATH,
        ...{ GF_SERVER_HTTP_ADDR: '127.0.0.1', GF_SERVER_HTTP_PORT: String(port) },
        ...{ GF_PATHS_DATA: join(folder, 'data'), GF_PATHS_LOGS: join(folder, 'logs') },
        ...{ GF_PATHS_PLUGINS: join(folder, 'plugins'), GF_PATHS_PROVISIONING: provisioning },
        ...{ GF_AUTH_ANONYMOUS_ENABLED: 'true', GF_AUTH_ANONYMOUS_ORG_ROLE: 'Editor' },
        ...{ GF_AUTH_DISABLE_LOGIN_FORM: 'true', GF_ANALYTICS_REPORTING_ENABLED: 'false' },
        ...{ GF_ANALYTICS_CHECK_FOR_UPDATES: 'false', GF_ANALYTICS_CHECK_FOR_PLUGIN_UPDATES: 'false' },
        GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH: dashboard,
      },
      logFile,
      ready: (signal) => httpReady(`http://127.0.0.1:${port}/api/health`, signal),
    },
    supervision,
  );
}
