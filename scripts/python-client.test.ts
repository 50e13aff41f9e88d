/** The generated part of the Python package needs grpcio-tools to be made, so `npm run check` cannot compare it. */
import type { DescFile } from '@bufbuild/protobuf';
import { ProvenanceService, PushService, VideoService } from '@cinematica/protocol/v1';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const generated = join(import.meta.dirname, '../clients/python/src');
const services = [VideoService, PushService, ProvenanceService].map(({ file }) => file);

/** A file and all that it imports. */
const withImports = (file: DescFile): DescFile[] => [file, ...file.dependencies.flatMap(withImports)];

const own = [...new Set(services.flatMap(withImports))].filter(({ name }) => name.startsWith('cinematica/v1/'));

const hint = 'run python clients/python/generate.py';

/** The generated file, such as `cinematica/v1/video_pb2.pyi`. */
const read = ({ name }: DescFile, ending: string) => readFileSync(join(generated, `${name}${ending}`), 'utf8');

test.each(own)('the Python package has the messages, enums and methods of $name', (file) => {
  const types = read(file, '_pb2.pyi');
  for (const { name, fields } of file.messages) {
    const [, slots] = new RegExp(`^class ${name}\\(.*\\n    __slots__ = \\((.*)\\)$`, 'm').exec(types) ?? [];
    const names = [...(slots ?? '').matchAll(/"(\w+)"/g)].map(([, field]) => field);
    expect(names.sort(), `${name}: ${hint}`).toEqual(fields.map((field) => field.name).sort());
  }
  for (const value of file.enums.flatMap(({ values }) => values)) {
    expect(types, hint).toMatch(new RegExp(`^${value.name}: `, 'm'));
  }
  for (const { name } of file.services.flatMap(({ methods }) => methods)) {
    expect(read(file, '_pb2_grpc.py'), hint).toContain(`self.${name} = channel.`);
  }
});
