import type { AnyValue, KeyValue } from "../../gen/opentelemetry/proto/common/v1/common_pb.js";

/** The string value of an attribute; undefined if there is none of that name. */
export function stringAttribute(attributes: readonly KeyValue[], key: string): string | undefined {
  return asString(attributes.find((attribute) => attribute.key === key)?.value);
}

export function asString(value: AnyValue | undefined): string | undefined {
  return value?.value.case === "stringValue" ? value.value.value : undefined;
}

/** An attribute's value as plain JavaScript; integers become numbers. */
export function plainValue(value: AnyValue | undefined): unknown {
  switch (value?.value.case) {
    case "intValue":
      return Number(value.value.value);
    case "arrayValue":
      return value.value.value.values.map(plainValue);
    case "kvlistValue": {
      const map: Record<string, unknown> = Object.create(null);
      for (const entry of value.value.value.values) {
        map[entry.key] = plainValue(entry.value);
      }
      return map;
    }
    default:
      return value?.value.value;
  }
}
