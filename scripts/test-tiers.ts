/**
 * The tests that start nats-server, ffmpeg, pip, gcc, the built web app or whole services. All other tests need only Node and
 * the packages.
 */
export const INTEGRATION_TESTS = [
  'packages/credentials/src/*.test.ts',
  'packages/pipeline/src/nats/*.test.ts',
  'packages/pipeline/src/s3/*.test.ts',
  'packages/pipeline/src/storage/*.test.ts',
  'packages/pipeline/src/process/worker/worker.test.ts',
  'packages/pipeline/src/testing/*.test.ts',
  'scripts/animate.test.ts',
  'scripts/gpu/set-up-gpu.test.ts',
  'scripts/launch/launcher.test.ts',
  'scripts/launch/nats/permissions.test.ts',
  'scripts/launch/nats/server.test.ts',
  'scripts/verify.test.ts',
  'services/backup/src/rehearsal.test.ts',
  'services/gateway/src/gateway*.test.ts',
  'services/gateway/src/provenance/read-video.test.ts',
  'services/gateway/src/scaler/*.test.ts',
  'services/muxer/src/ffmpeg-*.test.ts',
  'services/muxer/src/media.test.ts',
  'services/muxer/src/stage.test.ts',
  'services/outbound/src/outbound*.test.ts',
  'test/chaos/**/*.test.ts',
  'test/deploy/**/*.test.ts',
  'test/dry-run-gpu/*.test.ts',
  'test/integration/**/*.test.ts',
  'web/test/**/*.test.ts',
];

/** All tests outside of browsers and of the web app's own sources. */
export const SYSTEM_TESTS = [
  'packages/*/src/**/*.test.ts',
  'services/*/src/**/*.test.ts',
  'scripts/**/*.test.ts',
  'bench/**/*.test.ts',
  'test/**/*.test.ts',
];
