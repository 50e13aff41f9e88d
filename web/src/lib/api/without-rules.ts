import type { GenFile } from '@bufbuild/protobuf/codegenv2';
import { fileDesc } from '@bufbuild/protobuf/codegenv2';

/**
 * The file that the API's own files import for their rules, with nothing in it: the gateway checks the rules, and their
 * descriptors would be a tenth of what a phone has to load. The build puts it in place of protovalidate's.
 */
export const file_buf_validate_validate: GenFile = fileDesc(
  // FileDescriptorProto { name: "buf/validate/validate.proto", package: "buf.validate" }
  'ChtidWYvdmFsaWRhdGUvdmFsaWRhdGUucHJvdG8SDGJ1Zi52YWxpZGF0ZQ',
);
