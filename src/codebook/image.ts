import { createFileRegistry, type DescFile, fromBinary } from "@bufbuild/protobuf";
import { FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/**
 * The proto files of an image as `buf build -o image.binpb` writes it; a
 * FileDescriptorSet of protoc will do too. Throws an Error that says what is wrong with it.
 */
export function readImage(bytes: Uint8Array): DescFile[] {
  if (bytes.length === 0) {
    throw new Error("it is empty");
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error("it is compressed; write it as .binpb, without .gz");
  }
  try {
    const registry = createFileRegistry(fromBinary(FileDescriptorSetSchema, bytes));
    return [...registry.files];
  } catch (cause) {
    throw new Error(`it is no binary image; make one with "buf build -o image.binpb"`, { cause });
  }
}
