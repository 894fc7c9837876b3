import { timestampDate } from "@bufbuild/protobuf/wkt";
import {
  type Cause,
  type ErrorChain,
  Provenance,
  Status,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { toHex } from "../chain/hex.js";
import { MAX_CAUSES } from "../chain/limits.js";

/** One entry of the attribute `errchain.causes`; what is empty is left out. */
export interface CauseMap {
  readonly system: string;
  readonly module?: string;
  readonly code: string;
  readonly reason?: string;
  readonly message?: string;
  readonly status?: string;
  readonly provenance?: string;
  readonly procedure?: string;
  readonly span_id?: string;
  readonly occurred_at?: string;
  readonly branches?: number;
  readonly elided?: number;
  readonly inferred?: true;
}

/**
 * A chain as the attribute `errchain.causes`: an array of maps with the field names of
 * `errchain.v1.Cause`, enums by their names, IDs in hex, times in ISO 8601. Args are
 * left out: what is safe of them stands in the message.
 */
export function causeMaps({ causes }: ErrorChain): CauseMap[] {
  return causes.slice(0, MAX_CAUSES).map(causeMap);
}

function causeMap(cause: Cause): CauseMap {
  const map = {
    system: cause.system,
    module: cause.module,
    code: cause.code,
    reason: cause.reason,
    message: cause.message,
    status: nameIn(Status, cause.status),
    provenance: nameIn(Provenance, cause.provenance),
    procedure: cause.procedure,
    span_id: toHex(cause.spanId),
    occurred_at: cause.occurredAt && isoTime(timestampDate(cause.occurredAt)),
    branches: cause.branches,
    elided: cause.elided,
    inferred: cause.inferred,
  };
  return Object.fromEntries(
    Object.entries(map).filter(([, value]) => value),
  ) as unknown as CauseMap;
}

/** The name of an enum value; undefined for 0, which says nothing, and for unknown ones. */
function nameIn(names: Readonly<Record<number, string>>, value: number): string | undefined {
  return value === 0 ? undefined : names[value];
}

/** A peer can send a time that is none. */
function isoTime(date: Date): string | undefined {
  return Number.isNaN(date.getTime()) ? undefined : date.toISOString();
}
