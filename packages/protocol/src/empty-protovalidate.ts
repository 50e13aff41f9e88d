import type { GenFile } from '@bufbuild/protobuf/codegenv2';
import { fileDesc } from '@bufbuild/protobuf/codegenv2';

/**
 * An empty replacement for protovalidate's descriptor, which the generated API files import. The gateway validates requests,
 * so the web app and the client package do not need the rules; their descriptors would add a tenth to what a phone loads.
 */
export const file_buf_validate_validate: GenFile = fileDesc(
  // FileDescriptorProto { name: "buf/validate/validate.proto", package: "buf.validate" }
  'ChtidWYvdmFsaWRhdGUvdmFsaWRhdGUucHJvdG8SDGJ1Zi52YWxpZGF0ZQ',
);
