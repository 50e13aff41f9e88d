import { execFileSync } from 'node:child_process';
import { resolve } from 'node:path';
import { parseAllDocuments } from 'yaml';
import { z } from 'zod';

const script = resolve(import.meta.dirname, '../../deploy/k8s/make-secrets.sh');
const secretSchema = z.looseObject({
  kind: z.literal('Secret'),
  metadata: z.looseObject({ name: z.string() }),
  stringData: z.record(z.string(), z.string()),
});

/** Runs make-secrets.sh. @returns the data of each Secret, by its name. */
export const makeSecrets = (): Map<string, Record<string, string>> =>
  new Map(
    parseAllDocuments(execFileSync(script, { encoding: 'utf8' })).map((document) => {
      const { metadata, stringData } = secretSchema.parse(document.toJS());
      return [metadata.name, stringData];
    }),
  );
