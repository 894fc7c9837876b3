import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import { CauseSchema, ErrorChainSchema } from "../../gen/errchain/v1/error_chain_pb.js";

/** What a hop needs to know of a chain in order to pass it on as bytes. */
export interface ChainScan {
  /** How many causes the chain has. At least one. */
  readonly causes: number;
  /** The W3C trace ID as it stands in the chain: 16 bytes, or empty. */
  readonly traceId: Uint8Array;
}

/**
 * Walks over the bytes of an ErrorChain without decoding them, and finds out
 * whether they may be passed on as they are: every field parses, every string
 * is UTF-8, and the causes are one tree.
 *
 * A hop puts its own cause in front of bytes that it never decodes. Bytes that
 * another decoder rejects would take that cause down with them, so they are
 * checked first. Returns undefined if they need repair, see readChain().
 */
export function scanChain(bytes: Uint8Array): ChainScan | undefined {
  try {
    return scan(new BinaryReader(bytes));
  } catch {
    return undefined; // BinaryReader throws where the bytes end early or make no sense
  }
}

const fields = {
  causes: ErrorChainSchema.field.causes.number,
  traceId: ErrorChainSchema.field.traceId.number,
  branches: CauseSchema.field.branches.number,
};

function scan(reader: BinaryReader): ChainScan | undefined {
  let causes = 0;
  let traceId: Uint8Array = new Uint8Array();
  // How many causes must still follow for the tree to be whole.
  let pending = 1;
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo === fields.causes && wireType === WireType.LengthDelimited) {
      if (pending === 0) {
        return undefined; // a second tree
      }
      causes++;
      const branches = skimCause(reader);
      if (branches === undefined) {
        return undefined;
      }
      pending += branches - 1;
    } else if (fieldNo === fields.traceId && wireType === WireType.LengthDelimited) {
      traceId = reader.bytes();
    } else if (!skimField(reader, shapeOf(ErrorChainSchema), fieldNo, wireType)) {
      return undefined;
    }
  }
  return causes > 0 && pending === 0 ? { causes, traceId } : undefined;
}

/** Moves the reader over one cause. Returns its `branches`; undefined if it is malformed. */
function skimCause(reader: BinaryReader): number | undefined {
  const shape = shapeOf(CauseSchema);
  const end = endOfField(reader);
  let branches = 0;
  while (reader.pos < end) {
    const [fieldNo, wireType] = reader.tag();
    if (fieldNo === fields.branches && wireType === WireType.Varint) {
      branches = reader.uint32();
    } else if (!skimField(reader, shape, fieldNo, wireType)) {
      return undefined;
    }
  }
  return reader.pos === end ? branches : undefined;
}

/** What a field must look like on the wire, from the field's descriptor. */
type FieldShape =
  | { readonly wireType: WireType.Varint }
  | { readonly wireType: WireType.LengthDelimited; readonly content: "bytes" | "utf8" | Shape };

type Shape = ReadonlyMap<number, FieldShape>;

const shapes = new Map<string, Shape>();

function shapeOf(desc: DescMessage): Shape {
  let shape = shapes.get(desc.typeName);
  if (shape === undefined) {
    shape = new Map(desc.fields.map((field) => [field.number, fieldShape(field)]));
    shapes.set(desc.typeName, shape);
  }
  return shape;
}

function fieldShape(field: DescField): FieldShape {
  if (field.fieldKind === "map") {
    const entry = new Map([
      [1, scalarShape(field.mapKey)],
      [2, scalarShape(ScalarType.STRING)],
    ]);
    return { wireType: WireType.LengthDelimited, content: entry };
  }
  if (field.message !== undefined) {
    return { wireType: WireType.LengthDelimited, content: shapeOf(field.message) };
  }
  return scalarShape(field.scalar);
}

function scalarShape(scalar: ScalarType | undefined): FieldShape {
  switch (scalar) {
    case ScalarType.STRING:
      return { wireType: WireType.LengthDelimited, content: "utf8" };
    case ScalarType.BYTES:
      return { wireType: WireType.LengthDelimited, content: "bytes" };
    default:
      return { wireType: WireType.Varint }; // numbers, bool, and enums, which are no scalars
  }
}

/** Moves the reader over one field. Returns false if it is malformed. */
function skimField(
  reader: BinaryReader,
  shape: Shape,
  fieldNo: number,
  wireType: WireType,
): boolean {
  const field = shape.get(fieldNo);
  if (field === undefined) {
    reader.skip(wireType, fieldNo); // a newer version's field
    return true;
  }
  if (field.wireType !== wireType) {
    return false;
  }
  if (field.wireType === WireType.Varint || field.content === "bytes") {
    reader.skip(wireType, fieldNo);
    return true;
  }
  if (field.content === "utf8") {
    return isUtf8(reader.bytes());
  }
  const end = endOfField(reader);
  while (reader.pos < end) {
    const [innerNo, innerType] = reader.tag();
    if (!skimField(reader, field.content, innerNo, innerType)) {
      return false;
    }
  }
  return reader.pos === end;
}

function endOfField(reader: BinaryReader): number {
  const length = reader.uint32();
  const end = reader.pos + length;
  if (end > reader.len) {
    throw new RangeError("field ends beyond the message");
  }
  return end;
}

const strictUtf8 = new TextDecoder("utf-8", { fatal: true });

function isUtf8(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] as number) > 0x7f) {
      try {
        strictUtf8.decode(bytes.subarray(i));
        return true;
      } catch {
        return false;
      }
    }
  }
  return true;
}
