import { type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { WireType } from "@bufbuild/protobuf/wire";
import { ExportLogsServiceRequestSchema } from "../../gen/opentelemetry/proto/collector/logs/v1/logs_service_pb.js";
import { LogRecordSchema } from "../../gen/opentelemetry/proto/logs/v1/logs_pb.js";
import { BadRequestError } from "./bad-request-error.js";

// An empty record has two bytes, and takes a hundred times as much when it is decoded.
// Hence what a request holds is counted before it is decoded.

/** A collector sends 8,192 at a time unless it is told otherwise. */
const MAX_RECORDS = 200_000;
/** Attributes and values of all records of a request, also nested ones. */
const MAX_VALUES = 2_000_000;
/** What a record, attribute or value takes at least when it is decoded. */
const VALUE_BYTES = 100;
/** The decoder's own. */
const MAX_DEPTH = 100;

/** Throws a BadRequestError if so many are too many for one request. */
export function checkRecordCount(count: number): void {
  if (count > MAX_RECORDS) {
    throw tooMany(`${MAX_RECORDS} log records`);
  }
}

function checkValueCount(count: number): void {
  if (count > MAX_VALUES) {
    throw tooMany(`${MAX_VALUES} attributes and values`);
  }
}

function tooMany(what: string): BadRequestError {
  return new BadRequestError(`the request has more than ${what}; send smaller batches`, true);
}

/**
 * How many bytes a request in Protobuf takes at least when it is decoded. Throws a
 * BadRequestError if it holds too much, or is no such request.
 *
 * It knows what the decoder knows of the messages, but is stricter: were something
 * taken for a text here and for records there, it would not be counted.
 */
export function decodedSizeOfProtobuf(bytes: Uint8Array): number {
  let at = 0;
  let records = 0;
  let values = 0;

  function varint(): number {
    let value = bytes[at++] ?? 0;
    if (value < 0x80) {
      return value;
    }
    value -= 0x80;
    for (let shift = 7; shift < 70; shift += 7) {
      const byte = bytes[at++] ?? 0;
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) {
        return value;
      }
    }
    throw noRequest("a number does not end");
  }

  function countIn(shape: Shape, end: number, depth: number): void {
    if (depth > MAX_DEPTH) {
      throw noRequest("values are nested too deeply");
    }
    while (at < end) {
      const tag = varint();
      const wireType = tag % 8;
      const field = shape.get((tag - wireType) / 8);
      if (tag < 8 || tag > 0xffffffff) {
        throw noRequest("a field has no number");
      }
      if (field !== undefined && field.wireType !== wireType) {
        throw noRequest("a field has another type than it must have");
      }
      switch (wireType) {
        case WireType.Varint:
          varint();
          break;
        case WireType.Bit64:
          at += 8;
          break;
        case WireType.Bit32:
          at += 4;
          break;
        case WireType.LengthDelimited: {
          const fieldEnd = varint() + at;
          if (fieldEnd > end) {
            throw noRequest("a field ends too late");
          }
          if (field?.shape !== undefined) {
            values++;
            records += field.isRecord ? 1 : 0;
            checkRecordCount(records);
            checkValueCount(values);
            countIn(field.shape, fieldEnd, depth + 1);
          }
          at = fieldEnd;
          break;
        }
        default:
          throw noRequest("a field has a type that OTLP does not know");
      }
    }
    if (at !== end) {
      throw noRequest("a field ends too late");
    }
  }

  countIn(shapeOf(ExportLogsServiceRequestSchema), bytes.length, 1);
  return values * VALUE_BYTES;
}

function noRequest(problem: string): BadRequestError {
  return new BadRequestError(`the message is no ExportLogsServiceRequest: ${problem}`);
}

/** The fields of a message by their numbers. */
type Shape = Map<number, Field>;

interface Field {
  readonly wireType: WireType;
  /** For a message. */
  readonly shape: Shape | undefined;
  readonly isRecord: boolean;
}

const shapes = new Map<DescMessage, Shape>();

function shapeOf(message: DescMessage): Shape {
  const known = shapes.get(message);
  if (known !== undefined) {
    return known;
  }
  const shape: Shape = new Map();
  shapes.set(message, shape); // before its fields: values hold values
  for (const field of message.fields) {
    const child = field.message;
    shape.set(field.number, {
      wireType: child ? WireType.LengthDelimited : wireTypeOf(field.scalar),
      shape: child && shapeOf(child),
      isRecord: child === LogRecordSchema,
    });
  }
  return shape;
}

/** Of the types that the hub reads. */
function wireTypeOf(scalar: ScalarType | undefined): WireType {
  switch (scalar) {
    case ScalarType.BOOL:
    case ScalarType.INT64:
      return WireType.Varint;
    case ScalarType.DOUBLE:
    case ScalarType.FIXED64:
      return WireType.Bit64;
    case ScalarType.STRING:
    case ScalarType.BYTES:
      return WireType.LengthDelimited;
    default:
      throw new Error("a field of OTLP has a type that is not counted yet");
  }
}

const [QUOTE, BACKSLASH, COMMA, BRACKET, BRACE] = Buffer.from('"\\,[{');

/**
 * The same for JSON; its records are counted by checkRecordCount() when it is parsed.
 * An attribute has two objects and two commas, where Protobuf has two messages.
 */
export function decodedSizeOfJson(bytes: Uint8Array): number {
  let parts = 0;
  let isInText = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === BACKSLASH) {
      at++;
    } else if (byte === QUOTE) {
      isInText = !isInText;
    } else if (!isInText && (byte === COMMA || byte === BRACKET || byte === BRACE)) {
      parts++;
    }
  }
  checkValueCount(parts / 2);
  return (parts / 2) * VALUE_BYTES;
}
