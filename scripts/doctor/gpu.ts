import { findCudaLibraries, inGigabytes, megabytesOf } from '../gpu/cuda-libraries.ts';
import { whyUnfit } from '../gpu/cuda-requirements.ts';
import type { NvidiaDevices } from '../gpu/nvidia-devices.ts';
import { findPip } from '../gpu/pip.ts';
import { describeDevice, hasCudaProvider, NO_CUDA_PROVIDER } from '../gpu/set-up-gpu.ts';
import { good, note, warning } from './finding.ts';
import type { Finding, Section } from './finding.ts';

/** @param root the project's folder */
export async function examineGpus(root: string, { devices, problem }: NvidiaDevices): Promise<Section> {
  const findings = [...devices.map(examineDevice)];
  if (problem !== null) findings.push(withCure('NVIDIA', problem));
  else if (devices.length === 0) findings.push(note('NVIDIA', 'none: the CPU computes, which takes longer'));
  else findings.push(await examineLibraries(root));
  return { title: 'GPU', findings };
}

function examineDevice(device: Parameters<typeof whyUnfit>[0]): Finding {
  const reason = whyUnfit(device);
  if (reason !== null) return withCure('NVIDIA', reason);
  const { computeCapability: capability } = device;
  return good('NVIDIA', `${describeDevice(device)}${capability === null ? '' : `, compute capability ${capability}`}`);
}

/** A message of scripts/gpu ends with what to do: “…: install NVIDIA’s driver 580 or newer”. */
function withCure(name: string, message: string): Finding {
  const [, text = message, cure = 'use another GPU, or the CPU'] =
    /^(.*): ((?:install|restart|use) .*)$/.exec(message) ?? [];
  return warning(name, text, cure);
}

async function examineLibraries(root: string): Promise<Finding> {
  const name = 'CUDA libraries';
  if (!hasCudaProvider()) return note(name, NO_CUDA_PROVIDER);
  const { missing } = await findCudaLibraries(root);
  if (missing.length === 0) return good(name, 'installed in .cache/cuda');
  if ((await findPip()) === null) {
    return warning(
      name,
      'missing, and so is pip',
      'install pip (apt-get install python3-pip): npm start needs it to install them',
    );
  }
  return note(name, 'not installed yet', `npm start installs them with pip (${inGigabytes(megabytesOf(missing))})`);
}
