"""Generates src/cinematica/v1 from the .proto files. Needs grpcio-tools.

The rules of protovalidate are left out: the system checks requests, and so the package does not need that library.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from google.protobuf.descriptor_pb2 import FileDescriptorSet
from grpc_tools import protoc

ROOT = Path(__file__).parents[2]
PROTOS = sorted((ROOT / "proto" / "cinematica" / "v1").glob("*.proto"))
RULES = "buf/validate/validate.proto"


def main() -> int:
    names = [str(path.relative_to(ROOT / "proto")) for path in PROTOS]
    with tempfile.TemporaryDirectory() as folder:
        descriptors = Path(folder) / "descriptors.binpb"
        folders = [ROOT / "proto", ROOT / "third_party" / "proto", Path(protoc.__file__).parent / "_proto"]
        include = [f"-I{folder}" for folder in folders]
        status = protoc.main(["protoc", *include, "--include_imports", f"--descriptor_set_out={descriptors}", *names])
        if status != 0:
            return status
        descriptors.write_bytes(without_rules(descriptors.read_bytes()))
        output = Path(__file__).parent / "src"
        shutil.rmtree(output / "cinematica" / "v1", ignore_errors=True)
        outputs = [f"--python_out={output}", f"--pyi_out={output}", f"--grpc_python_out={output}"]
        status = protoc.main(["protoc", f"--descriptor_set_in={descriptors}", *outputs, *names])
        for path in (output / "cinematica" / "v1").glob("*_pb2_grpc.py"):
            # Files without a service have nothing to say about gRPC.
            if "Stub" not in path.read_text():
                path.unlink()
        return status


def without_rules(data: bytes) -> bytes:
    """Removes the options of protovalidate, which are all custom options of these files."""
    files = FileDescriptorSet.FromString(data)
    kept = [file for file in files.file if file.name != RULES]
    for file in kept:
        imports = [name for name in file.dependency if name != RULES]
        del file.dependency[:]
        file.dependency.extend(imports)
        clean(file.message_type)
    return FileDescriptorSet(file=kept).SerializeToString()


def clean(messages) -> None:
    for message in messages:
        message.options.DiscardUnknownFields()
        for part in [*message.field, *message.oneof_decl]:
            part.options.DiscardUnknownFields()
        clean(message.nested_type)


if __name__ == "__main__":
    sys.exit(main())
