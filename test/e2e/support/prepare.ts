import { rm } from 'node:fs/promises';
import type { TestProject } from 'vitest/node';
import { webApp } from '../../../scripts/setup/web-app.mjs';
import { ARTEFACTS, ROOT } from './paths.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The path of the built web app, for the gateways of the tests. */
    readonly webHandler: string;
  }
}

/** Builds the web app, which all systems of the tests serve. @returns the teardown */
export default async function setUp(project: TestProject): Promise<() => void> {
  await rm(ARTEFACTS, { recursive: true, force: true });
  const { WEB_HANDLER = '' } = await webApp(ROOT);
  project.provide('webHandler', WEB_HANDLER);
  return () => console.log(`The screenshots of the tests are in ${ARTEFACTS}`);
}
