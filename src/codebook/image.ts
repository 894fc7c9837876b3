import { createFileRegistry, type DescFile, fromBinary } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { type FileDescriptorSet, FileDescriptorSetSchema } from "@bufbuild/protobuf/wkt";

/** The proto files of an image. */
export interface Image {
  readonly files: readonly DescFile[];
  /** Those of the module itself, without the files that it only imports. */
  readonly own: readonly DescFile[];
}

/**
 * Reads an image as `buf build -o image.binpb` writes it; a FileDescriptorSet of
 * protoc with --include_imports will do too. Throws an Error that says what is wrong with it.
 */
export function readImage(bytes: Uint8Array): Image {
  if (bytes.length === 0) {
    throw new Error("it is empty");
  }
  if (bytes[0] === 0x1f && bytes[1] === 0x8b) {
    throw new Error("it is compressed; write it as .binpb, without .gz");
  }
  let set: FileDescriptorSet;
  try {
    set = fromBinary(FileDescriptorSetSchema, bytes);
  } catch (cause) {
    throw new Error(`it is no binary image; make one with "buf build -o image.binpb"`, { cause });
  }
  try {
    const files = [...createFileRegistry(set).files];
    return { files, own: files.filter((file) => !isImport(file)) };
  } catch (cause) {
    const why = (cause as Error).message;
    throw new Error(
      `its files do not fit together (${why}); make it with "buf build -o image.binpb", or with protoc --include_imports`,
      { cause },
    );
  }
}

/** The field in which buf says more of a file: buf.alpha.image.v1.ImageFile.buf_extension. */
const BUF_EXTENSION = 8042;

/** Whether buf has put a file into the image only because another one imports it. */
function isImport(file: DescFile): boolean {
  const extension = file.proto.$unknown?.find(({ no }) => no === BUF_EXTENSION);
  if (extension === undefined) {
    return false;
  }
  const reader = new BinaryReader(new BinaryReader(extension.data).bytes());
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo === 1 && wireType === WireType.Varint) {
      return reader.bool(); // is_import
    }
    reader.skip(wireType, fieldNo);
  }
  return false;
}
