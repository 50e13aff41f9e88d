import { abortable } from '@cinematica/concurrency';
import { CheckpointError, findCheckpoint } from '@cinematica/svd';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { findProgram } from '../setup/find-program.mjs';
import { ensureApiKey, writeApiKeys } from './api-key.ts';
import { createComputeLock } from './compute-lock.ts';
import type { ComputeLock } from './compute-lock.ts';
import { ensureCredentials } from './credentials.ts';
import { availableDisk, openDataFolder } from './data-folder.ts';
import type { DataFolder } from './data-folder.ts';
import { modelEnvironment, serviceEnvironment } from './environment.ts';
import type { Ports, Surroundings } from './environment.ts';
import { startGuarded } from './guarded-process.ts';
import { lanAddress } from './lan.ts';
import { LaunchError } from './launch-error.ts';
import { natsReady, superviseNats } from './nats/server.ts';
import { USER_PERMISSIONS } from '@cinematica/pipeline/nats-access';
import { prometheusPort } from './options.ts';
import type { Options } from './options.ts';
import { checkPort, chosenStagePort, freePorts } from './ports.ts';
import { supervisePrometheus } from './prometheus/supervise-prometheus.ts';
import { grpcReady, httpReady } from './readiness.ts';
import { ensureSecrets } from './secrets.ts';
import type { Secrets } from './secrets.ts';
import type { Service, System } from './service.ts';
import { ensureWebhookSecrets } from './webhook-secrets.ts';
import { keepLog, endOf, supervise } from './supervise.ts';
import type { Supervised, Supervision } from './supervise.ts';

/** Interval of messages about services that are not ready yet. Milliseconds. */
const REMIND_MS = 15_000;

/** Photos, latents, frames and media. */
const BUCKETS = 4;

/** Timeout for the connection to an external NATS. Milliseconds. */
const EXTERNAL_NATS_TIMEOUT_MS = 5_000;

/** A whole system on this machine. */
export interface Launcher {
  /**
   * Starts everything and resolves when all of it is ready.
   *
   * @returns the system's URL
   * @throws DataFolderInUseError when a system already runs in the data folder
   * @throws LaunchError, or the signal's reason when it aborts; stop() must be called even then
   */
  start(signal: AbortSignal): Promise<string>;
  /** The address of Prometheus. Undefined unless `--observe` was given. */
  readonly prometheusUrl: string | undefined;
  /** Stops the services, which return their tasks to the queue, and then NATS. */
  stop(): Promise<void>;
  /** Kills all processes. */
  kill(): void;
}

/**
 * @param env the environment of the launcher and the services: NATS_SERVER is the program, and NATS_URL with NATS_USER and
 *   NATS_PASSWORD is a running server
 */
export function createLauncher(
  system: System,
  options: Options,
  env: NodeJS.ProcessEnv,
  supervision: Supervision,
): Launcher {
  const { say } = supervision;
  const host = options.lan ? '0.0.0.0' : '127.0.0.1';
  let dataFolder: DataFolder | undefined;
  let lock: ComputeLock | undefined;
  let nats: Supervised | undefined;
  const services: Supervised[] = [];
  let prometheus: Supervised | undefined;
  const killers = new Set<() => void>();

  const startNats = async (folder: DataFolder, secrets: Secrets, port: number, signal: AbortSignal) => {
    if (env.NATS_URL !== undefined) {
      const url = env.NATS_URL;
      say(`Using NATS at ${url}`);
      const server = { url, user: env.NATS_USER, password: env.NATS_PASSWORD };
      await natsReady(server, AbortSignal.any([signal, AbortSignal.timeout(EXTERNAL_NATS_TIMEOUT_MS)])).catch(() => {
        signal.throwIfAborted();
        throw new LaunchError(
          `NATS at NATS_URL=${url} does not take messages: check NATS_URL, NATS_USER, NATS_PASSWORD.`,
        );
      });
      return { url, userOf: () => ({}) };
    }
    say('Starting NATS');
    const command = env.NATS_SERVER ?? 'nats-server';
    nats = await superviseNats({ command, folder, port, passwords: secrets.nats, supervision });
    await abortable(nats.started, signal);
    return {
      url: `nats://127.0.0.1:${port}`,
      userOf: (name: string) => ({ NATS_USER: name, NATS_PASSWORD: secrets.nats[name] }),
    };
  };

  const startPrometheus = (folder: DataFolder, ports: readonly Ports[]): Promise<Supervised> =>
    supervisePrometheus({
      command: env.PROMETHEUS ?? 'prometheus',
      folder: folder.prometheus,
      port: prometheusPort(options.port),
      targets: system.services.map(({ name }, index) => ({ name, port: ports[index]!.metrics })),
      logFile: join(folder.logs, 'prometheus.log'),
      supervision,
    });

  const provision = async (surroundings: Surroundings, folder: DataFolder, signal: AbortSignal): Promise<void> => {
    const { url, userOf } = surroundings.nats;
    const logFile = join(folder.logs, 'provisioner.log');
    const child = startGuarded(process.execPath, [system.provisioner], {
      ...(nats === undefined ? {} : await bucketLimits(folder)),
      ...env,
      ...modelEnvironment(surroundings),
      NATS_URL: url,
      ...userOf('provisioner'),
    });
    const lastLine = keepLog(child, logFile);
    killers.add(child.kill);
    const exit = await abortable(child.exited, signal).finally(() => killers.delete(child.kill));
    if (exit.code === 0) return;
    const end = endOf(exit, lastLine());
    // The provisioner is the first program that opens the model.
    const [, reason] = /MODEL_DIR=[^:]*: (.*)$/.exec(end) ?? [];
    if (reason !== undefined) throw new LaunchError(`The model cannot be used: ${reason}`);
    throw new LaunchError(`Setting up NATS failed: ${end} (log: ${logFile})`);
  };

  const startServices = async (
    ports: readonly Ports[],
    surroundings: Surroundings,
    inherited: NodeJS.ProcessEnv,
    logs: string,
    signal: AbortSignal,
  ) => {
    say(`Starting ${system.services.map(({ name }) => name).join(', ')}`);
    const waiting = new Set<string>();
    const starts = system.services.map(async (service, index) => {
      const own = ports[index]!;
      const supervised = supervise(
        {
          name: service.name,
          command: process.execPath,
          args: [service.entry],
          env: serviceEnvironment(service, own, surroundings, inherited),
          logFile: join(logs, `${service.name}.log`),
          ready: (until) => serviceReady(service, own, options.port, until),
        },
        supervision,
      );
      services.push(supervised);
      waiting.add(service.name);
      await supervised.started;
      waiting.delete(service.name);
    });
    const reminder = setInterval(() => say(`Still waiting for ${[...waiting].join(', ')}`), REMIND_MS);
    await abortable(Promise.all(starts), signal).finally(() => clearInterval(reminder));
  };

  return {
    async start(signal) {
      const address = options.lan ? lanAddress() : '127.0.0.1';
      await checkFiles(system, options.model, env);
      const folder = await openDataFolder(options.data, signal);
      dataFolder = folder;
      await checkPort(options.port, host);
      if (options.observe === true) await checkPort(prometheusPort(options.port), '127.0.0.1', options.port);
      lock = await createComputeLock(folder.socket);
      const secrets = await ensureSecrets(folder.secretsFile, Object.keys(USER_PERMISSIONS));
      await ensureCredentials(folder.credentials);
      const key = await ensureApiKey(folder.apiKeyFile);
      await writeApiKeys(folder.apiKeysFile, key, env.API_KEYS_FILE);
      if (env.WEBHOOK_SECRETS_FILE === undefined) await ensureWebhookSecrets(folder.webhookSecretsFile);
      const [natsPort = 0, ...others] = await freePorts(1 + 2 * system.services.length);
      const chosen = await Promise.all(system.services.map(({ name }) => chosenStagePort(name, env)));
      const ports = system.services.map((_, index) => ({
        grpc: chosen[index] ?? others[2 * index]!,
        metrics: others[2 * index + 1]!,
      }));
      const outbound = ports[system.services.findIndex(({ kind }) => kind === 'outbound')];
      signal.throwIfAborted();
      const inherited = { ...env, ...providerOf(options.provider), ...tracesTo(options.otlp) };
      Object.assign(inherited, await system.prepare?.(inherited, signal));
      const surroundings: Surroundings = {
        nats: await startNats(folder, secrets, natsPort, signal),
        secrets,
        apiKeysFile: folder.apiKeysFile,
        webhookSecretsFile: env.WEBHOOK_SECRETS_FILE ?? folder.webhookSecretsFile,
        outboundAddress: outbound && `127.0.0.1:${outbound.grpc}`,
        credentials: folder.credentials,
        model: options.model,
        loras: options.loras ?? [],
        computeLock: lock.path,
        http: { host, port: options.port },
      };
      await provision(surroundings, folder, signal);
      if (options.observe === true) prometheus = await startPrometheus(folder, ports);
      await startServices(ports, surroundings, inherited, folder.logs, signal);
      if (prometheus) await abortable(prometheus.started, signal);
      return `http://${address}:${options.port}`;
    },
    prometheusUrl: options.observe === true ? `http://127.0.0.1:${prometheusPort(options.port)}` : undefined,
    async stop() {
      for (const kill of killers) kill();
      await Promise.all(services.map((service) => service.stop()));
      await Promise.all([nats?.stop(), prometheus?.stop()]);
      await lock?.[Symbol.asyncDispose]();
      await dataFolder?.[Symbol.asyncDispose]();
    },
    kill() {
      for (const kill of killers) kill();
      for (const service of services) service.kill();
      prometheus?.kill();
      nats?.kill();
    },
  };
}

/**
 * The default limits of the buckets on this machine. Together they leave an eighth of the disk for records, so that videos can
 * be deleted while the buckets are full.
 */
async function bucketLimits({ nats: { store } }: DataFolder): Promise<NodeJS.ProcessEnv> {
  const mebibytes = String(Math.max(1, Math.floor(((await availableDisk(store)) * 7) / 8 / BUCKETS / 1024 ** 2)));
  return { BUCKET_MIB: mebibytes, FRAMES_BUCKET_MIB: mebibytes };
}

/** The services' environment for an OTLP address. It takes precedence over the address for traces that is inherited. */
const tracesTo = (otlp: string | undefined): NodeJS.ProcessEnv =>
  otlp === undefined ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: otlp, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: undefined };

/** The services' environment for a chosen execution provider. */
const providerOf = (provider: Options['provider']): NodeJS.ProcessEnv =>
  provider === undefined ? {} : { EXECUTION_PROVIDER: provider };

/** @throws LaunchError when a file or program is missing */
async function checkFiles(system: System, model: string, env: NodeJS.ProcessEnv): Promise<void> {
  await findCheckpoint(model).catch((cause: unknown) => {
    if (!(cause instanceof CheckpointError)) throw cause;
    throw new LaunchError(`${cause.message}. Choose a model with --model.`, { cause });
  });
  if (findProgram('ffmpeg', env.PATH) === null) {
    throw new LaunchError('ffmpeg is not on PATH: install it with your package manager, and run this again.');
  }
  const missing = [system.provisioner, ...system.services.map(({ entry }) => entry)].find((file) => !existsSync(file));
  if (missing !== undefined) throw new LaunchError(`${missing} is missing: this copy of the project is incomplete.`);
}

function serviceReady({ kind }: Service, { grpc }: Ports, httpPort: number, signal: AbortSignal): Promise<void> {
  return kind === 'gateway'
    ? httpReady(`http://127.0.0.1:${httpPort}/readyz`, signal)
    : grpcReady(`127.0.0.1:${grpc}`, signal);
}
