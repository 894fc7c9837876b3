import { BinaryReader, WireType } from "@bufbuild/protobuf/wire";
import type { Duration } from "@bufbuild/protobuf/wkt";
import type { ErrorDetail } from "../chain/error-chain.js";
import { helpLink } from "../chain/help-link.js";
import { decodeRetryInfo } from "../chain/retry-info.js";
import { truncateUtf8 } from "../chain/utf8.js";
import { isBuiltinCode, isShortCode } from "./code-form.js";

/** What a peer without a chain can say about its failure. */
export interface SaidCause {
  code?: string;
  reason?: string;
  message?: string;
  args?: Record<string, string>;
  privateArgs?: Record<string, string>;
  help?: string;
  /** The least time to wait before the next attempt. */
  delay?: Duration;
}

/**
 * What the details of google.rpc say about a failure, for peers without a chain:
 * Google's APIs, Kratos, and whoever follows AIP-193. The types are frozen, and
 * read by hand: that takes less code than their descriptors. Details that do not
 * decode, and types without a meaning for a cause, are left out.
 *
 * See google/rpc/error_details.proto.
 */
export function googleRpcCause(details: readonly ErrorDetail[]): SaidCause {
  const delay = decodeRetryInfo(details);
  const said: SaidCause = { ...(delay && { delay }) };
  for (const detail of details.slice(0, MAX_ENTRIES)) {
    if ("type" in detail && detail.value.length <= MAX_DETAIL_BYTES) {
      try {
        readers[detail.type]?.(fieldsOf(detail.value), said);
      } catch {
        // What else the peer said still counts.
      }
    }
  }
  return said;
}

const readers: Record<string, (fields: Fields, said: SaidCause) => void> = {
  "google.rpc.ErrorInfo"(fields, said) {
    const reason = text(fields, 1);
    const domain = text(fields, 2);
    if (isShortCode(reason) && !isBuiltinCode(reason)) {
      Object.assign(said, { code: reason, reason });
    } else if (reason !== "") {
      addPrivate(said, "reason", reason);
    }
    if (domain !== "") {
      addPrivate(said, "domain", domain);
    }
    for (const entry of (fields.get(3) ?? []).slice(0, MAX_ENTRIES)) {
      const pair = fieldsOf(entry);
      said.args = { ...said.args, [text(pair, 1)]: text(pair, 2) };
    }
  },
  "google.rpc.LocalizedMessage"(fields, said) {
    const message = text(fields, 2);
    if (message !== "") {
      said.message = message;
    }
  },
  "google.rpc.Help"(fields, said) {
    const [link] = fields.get(1) ?? [];
    const url = link && text(fieldsOf(link), 2);
    if (url !== undefined && helpLink(url) !== "") {
      said.help = url;
    }
  },
  "google.rpc.BadRequest"(fields, said) {
    const violations = (fields.get(1) ?? []).slice(0, MAX_ENTRIES).map(fieldsOf);
    const texts = violations.map((violation) => `${text(violation, 1)}: ${text(violation, 2)}`);
    said.args = { ...said.args, field_violations: truncateUtf8(texts.join("; "), MAX_TEXT_BYTES) };
  },
  "google.rpc.DebugInfo"(fields, said) {
    addPrivate(said, "debug", text(fields, 2) || text(fields, 1));
  },
};

/** More than any stack lets through in trailers. */
const MAX_DETAIL_BYTES = 65_536;
/** Of details, and of entries in each: what one more says is not worth the time of its reader. */
const MAX_ENTRIES = 16;
const MAX_TEXT_BYTES = 256;

function addPrivate(said: SaidCause, name: string, value: string): void {
  said.privateArgs = { ...said.privateArgs, [name]: value };
}

/** The fields of a message that have a length: texts, bytes and messages. */
export type Fields = ReadonlyMap<number, readonly Uint8Array[]>;

/** Throws if the bytes are no message. */
export function fieldsOf(bytes: Uint8Array): Fields {
  const fields = new Map<number, Uint8Array[]>();
  const reader = new BinaryReader(bytes);
  while (reader.pos < reader.len) {
    const [fieldNo, wireType] = reader.tag();
    if (wireType === WireType.LengthDelimited) {
      const values = fields.get(fieldNo);
      values === undefined ? fields.set(fieldNo, [reader.bytes()]) : values.push(reader.bytes());
    } else {
      reader.skip(wireType, fieldNo);
    }
  }
  return fields;
}

/** A text field, or the first of a repeated one. */
function text(fields: Fields, fieldNo: number): string {
  const [bytes] = fields.get(fieldNo) ?? [];
  return truncateUtf8(new TextDecoder().decode(bytes), MAX_TEXT_BYTES);
}
