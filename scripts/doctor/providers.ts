import { execFile } from 'node:child_process';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import {
  chooseRuntime,
  createRuntime,
  parseExecutionProvider,
  PROOF_MS,
  ProviderUnavailableError,
} from '@cinematica/svd';
import type { ExecutionProvider, ProviderChoice, Runtime } from '@cinematica/svd';
import { cudaLibraryPath, findCudaLibraries } from '../gpu/cuda-libraries.ts';
import type { NvidiaDevices } from '../gpu/nvidia-devices.ts';
import { providerCache } from '../gpu/provider-cache.ts';
import { fault, good, note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/**
 * A provider that is neither proved nor fails in this time hangs: one that hangs in its proof says so before. It begins anew with the
 * proof of each provider. Milliseconds.
 */
const TIMEOUT_MS = PROOF_MS + 30_000;

/**
 * Starts ONNX Runtime with the user's provider, proves that its numbers are right unless that is known, and says why others are
 * not used. What hangs keeps running: the caller must
 * end this process, which ends it.
 *
 * @param selection the variables that select the GPU; null when none can be used
 * @param option the user's; EXECUTION_PROVIDER by default
 * @returns the provider that is used, too; null if none works
 */
export async function examineProviders(
  root: string,
  nvidia: NvidiaDevices,
  selection: Readonly<Record<string, string>> | null,
  option: ProviderChoice | undefined,
  env: NodeJS.ProcessEnv,
): Promise<{ readonly section: Section; readonly provider: ExecutionProvider | null }> {
  const variables = await cudaVariables(root, selection, env);
  const choice = option ?? parseExecutionProvider(env.EXECUTION_PROVIDER);
  const { CACHE_FOLDER: cacheFolder = providerCache(root), PROVIDER_PROOF } = env;
  const used = await startProvider(async (report) => {
    const proof = PROVIDER_PROOF === 'warn' ? 'warn' : 'require';
    return (await chooseRuntime({ provider: choice, threads: 1, env: variables, cacheFolder, proof, report })).runtime;
  });
  const by = option === undefined ? `EXECUTION_PROVIDER=${choice}` : `--provider ${choice}`;
  // Which one is faster depends on the model.
  const mayDiffer = choice === 'auto' && used.provider !== 'cpu';
  const setting = choice === 'auto' ? 'chosen by itself' : `chosen by ${by}`;
  const using = mayDiffer ? 'npm start uses it unless another one computes the model faster' : `is used (${setting})`;
  const skipped = await Promise.all(
    used.skipped.map(({ provider, reason }) => explain(provider, reason, root, nvidia, variables)),
  );
  const findings: Finding[] =
    used.provider === null
      ? [fault(choice, used.reason, 'choose another --provider, or see what is said about the GPU above')]
      : [good(used.provider, `works, and ${using}`), ...examineReplaced(used.provider, used.replaced), ...skipped];
  if (choice === 'auto' && used.provider !== 'webgpu' && !used.skipped.some(({ provider }) => provider === 'webgpu')) {
    findings.push(await examineWebGpu(variables));
  }
  return { section: { title: 'What computes', findings }, provider: used.provider };
}

/** Operators that are wrong on the device cost time, and nothing else. */
function examineReplaced(provider: ExecutionProvider, replaced: readonly string[]): Finding[] {
  if (replaced.length === 0) return [];
  const text = `computes without ${replaced.join(', ')}, which gave wrong numbers or failed on this GPU: videos take longer`;
  return [warning(provider, text, 'a newer driver may help; please report this page')];
}

interface Started {
  readonly provider: ExecutionProvider | null;
  /** The fused operators that it does without. */
  readonly replaced: readonly string[];
  readonly skipped: readonly { readonly provider: ExecutionProvider; readonly reason: string }[];
  readonly reason: string;
}

/** @param open calls `onProgress` when it begins with another provider. */
export async function startProvider(open: (onProgress: () => void) => Promise<Runtime>): Promise<Started> {
  const hangs = Promise.withResolvers<Started>();
  const late = { provider: null, replaced: [], skipped: [], reason: `did not start in ${TIMEOUT_MS / 1000} s` };
  const timer = setTimeout(() => hangs.resolve(late), TIMEOUT_MS);
  const created = open(() => timer.refresh()).then(
    async (runtime): Promise<Started> => {
      await runtime.close();
      const { provider, skipped } = runtime;
      return { provider, replaced: [...runtime.replaced], skipped, reason: '' };
    },
    (error: unknown): Started => {
      if (error instanceof ProviderUnavailableError) {
        return {
          provider: null,
          replaced: [],
          skipped: error.skipped,
          reason: error.skipped[0]?.reason ?? error.message,
        };
      }
      return {
        provider: null,
        replaced: [],
        skipped: [],
        reason: error instanceof Error ? error.message : String(error),
      };
    },
  );
  return Promise.race([created, hangs.promise]).finally(() => clearTimeout(timer));
}

/** The variables of the processes that compute, without installing anything. */
async function cudaVariables(
  root: string,
  selection: Readonly<Record<string, string>> | null,
  env: NodeJS.ProcessEnv,
): Promise<Record<string, string>> {
  if (selection === null || (await findCudaLibraries(root)).missing.length > 0) return {};
  return { LD_LIBRARY_PATH: await cudaLibraryPath(root, env.LD_LIBRARY_PATH), ...selection };
}

async function explain(
  provider: ExecutionProvider,
  reason: string,
  root: string,
  { devices, problem }: NvidiaDevices,
  { LD_LIBRARY_PATH }: Readonly<Record<string, string>>,
): Promise<Finding> {
  if (provider !== 'cuda') return note(provider, `not used: ${reason}`);
  if (devices.length === 0 && problem === null) return note('cuda', 'not used: there is no NVIDIA GPU');
  if (LD_LIBRARY_PATH === undefined) return note('cuda', 'not used: see what is said about the GPU above');
  const lost = await missingLibraries((await findCudaLibraries(root)).folders, LD_LIBRARY_PATH);
  if (lost.length === 0) return warning('cuda', `not used: ${reason}`, 'please report this page and .data/logs');
  const cure = lost.includes('libcuda.so.1')
    ? 'it belongs to NVIDIA’s driver; in a container: NVIDIA_DRIVER_CAPABILITIES=compute,utility'
    : 'remove .cache/cuda, and start again';
  return warning('cuda', `not used: ${lost.join(', ')} ${lost.length === 1 ? 'is' : 'are'} missing`, cure);
}

/** What the provider links to and the loader does not find. */
async function missingLibraries(folders: readonly string[], path: string): Promise<string[]> {
  const provider = join(folders[0] ?? '', 'libonnxruntime_providers_cuda.so');
  const env = { ...process.env, LD_LIBRARY_PATH: path.split(delimiter).join(':') };
  const { stdout } = await promisify(execFile)('ldd', [provider], { env }).catch(() => ({ stdout: '' }));
  return [...stdout.matchAll(/(\S+) => not found/g)].map(([, library = '']) => library);
}

async function examineWebGpu(env: Readonly<Record<string, string>>): Promise<Finding> {
  const { provider, reason } = await startProvider(() => createRuntime({ provider: 'webgpu', threads: 1, env }));
  return provider === null
    ? note('webgpu', `does not work here: ${reason}`)
    : note('webgpu', 'starts; --provider webgpu uses it');
}
