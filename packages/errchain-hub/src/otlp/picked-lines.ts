import type { KeyValue } from "../../gen/opentelemetry/proto/common/v1/common_pb.js";
import { stringAttribute } from "./attributes.js";

const KEY = "errchain.body";
const PICKED_LINE = "picked_line";

/**
 * The attribute with which an agent marks what it sends: each body is one log line
 * exactly as formatLogLine() writes it. Its user's pattern may have found a trace ID
 * that nobody could tell from the text around it.
 */
export const PICKED_LINES = {
  key: KEY,
  value: { value: { case: "stringValue", value: PICKED_LINE } },
} as const;

/** Whether a resource with these attributes has that mark. */
export function holdsPickedLines(attributes: readonly KeyValue[]): boolean {
  return stringAttribute(attributes, KEY) === PICKED_LINE;
}
