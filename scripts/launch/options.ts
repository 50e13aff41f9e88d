import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { LoraSyntaxError, parseExecutionProvider, parseLora } from '@cinematica/svd';
import type { LoraFile, ProviderChoice } from '@cinematica/svd';
import { LaunchError } from './launch-error.ts';

export interface Options {
  /** The gateway's. */
  readonly port: number;
  /** Open to the local network, not just to this machine. */
  readonly lan: boolean;
  /** Starts Prometheus on the port after the gateway's. Default: false. */
  readonly observe?: boolean;
  /** The URL of an OpenTelemetry collector (OTLP over HTTP) that gets the services' traces. Default: from the environment. */
  readonly otlp?: string | undefined;
  /** The path of a checkpoint. */
  readonly model: string;
  /** LoRAs that change the model. Default: those of the environment (LORA). */
  readonly loras?: readonly LoraFile[] | undefined;
  readonly data: string;
  /** What computes the model. Default: EXECUTION_PROVIDER of the environment. */
  readonly provider?: ProviderChoice | undefined;
}

export const USAGE = `npm start -- [--port PORT] [--lan] [--observe] [--otlp URL] [--model PATH] [--lora FILE[:STRENGTH]] [--data DIR]
             [--provider NAME]

  --port     where the browser finds it (8080)
  --lan      open it to the local network, for phones; shows a QR code
  --observe  start Prometheus for the metrics, on the port after that one, for this machine only
  --otlp     where traces are sent, as OTLP over HTTP (OTEL_EXPORTER_OTLP_ENDPOINT)
  --model    a .safetensors file of SVD, or a folder in diffusers' layout (models/nano)
  --lora     a LoRA that changes the model, such as pan.safetensors:0.8; may be repeated
  --data     where videos and secrets are kept (.data)
  --provider what computes: auto, cuda, tensorrt, webgpu, coreml or cpu (EXECUTION_PROVIDER; auto). On a machine with an
             NVIDIA GPU, auto and cuda install ONNX Runtime's CUDA libraries the first time (1.3 GB). TensorRT's
             libraries are not installed: tensorrt needs those of this machine

Settings of the services are read from the environment, such as ANONYMOUS=off (docs/operations.md). PORT_ENCODER,
PORT_DENOISER, PORT_DECODER and PORT_MUXER fix the ports of the stages' own gRPC services (docs/stages.md).
`;

/** The port of Prometheus: the one after the gateway's, so that two systems on one machine do not collide. */
export const prometheusPort = (gatewayPort: number): number => gatewayPort + 1;

/**
 * @param args the user's
 * @param root the project's folder, for the defaults
 * @param cwd where the user's relative paths start
 * @returns null when the user wants the usage
 * @throws LaunchError
 */
export function parseOptions(args: readonly string[], root: string, cwd: string): Options | null {
  const values = parse(args);
  if (values.help === true) return null;
  const port = Number(values.port ?? 8080);
  const observe = values.observe ?? false;
  const highest = observe ? 65_534 : 65_535;
  if (!Number.isInteger(port) || port < 1 || port > highest) {
    throw new LaunchError(`--port takes a number from 1 to ${highest}, not “${String(values.port)}”.`);
  }
  return {
    port,
    lan: values.lan ?? false,
    observe,
    otlp: values.otlp === undefined ? undefined : checkUrl(values.otlp),
    ...systemOptions(values, root, cwd),
  };
}

/** The arguments that say which system is meant, and what it computes with. */
export interface SystemValues {
  readonly model?: string | undefined;
  readonly lora?: readonly string[] | undefined;
  readonly data?: string | undefined;
  readonly provider?: string | undefined;
}

/**
 * @param root the project's folder, for the defaults
 * @param cwd where the user's relative paths start
 * @throws LaunchError
 */
export function systemOptions({ model, lora, data, provider }: SystemValues, root: string, cwd: string) {
  return {
    model: model === undefined ? resolve(root, 'models/nano') : resolve(cwd, model),
    loras: lora?.map((text) => toLora(text, cwd)),
    data: data === undefined ? resolve(root, '.data') : resolve(cwd, data),
    provider: provider === undefined ? undefined : checkProvider(provider),
  };
}

/** @throws LaunchError */
function checkProvider(value: string): ProviderChoice {
  try {
    return parseExecutionProvider(value, '--provider');
  } catch (cause) {
    throw new LaunchError(`${cause instanceof Error ? cause.message : String(cause)}.`, { cause });
  }
}

/** @throws LaunchError */
function toLora(text: string, cwd: string): LoraFile {
  try {
    const { file, strength } = parseLora(text);
    return { file: resolve(cwd, file), strength };
  } catch (cause) {
    if (!(cause instanceof LoraSyntaxError)) throw cause;
    throw new LaunchError(`--lora: ${cause.message}.`, { cause });
  }
}

function checkUrl(value: string): string {
  if (/^https?:$/.test(URL.parse(value)?.protocol ?? '')) return value;
  throw new LaunchError(`--otlp takes a URL such as http://localhost:4318, not “${value}”.`);
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: {
        port: { type: 'string' },
        lan: { type: 'boolean' },
        observe: { type: 'boolean' },
        otlp: { type: 'string' },
        model: { type: 'string' },
        lora: { type: 'string', multiple: true },
        data: { type: 'string' },
        provider: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('. ', 1)[0] : String(cause);
    throw new LaunchError(`${why}.\n\n${USAGE}`, { cause });
  }
}
