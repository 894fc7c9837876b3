import type {
  DescEnum,
  DescEnumValue,
  DescFile,
  DescMessage,
  DescService,
} from "@bufbuild/protobuf";
import {
  DescriptorProtoSchema,
  EnumDescriptorProtoSchema,
  FileDescriptorProtoSchema,
  type SourceCodeInfo_Location,
} from "@bufbuild/protobuf/wkt";

/** Where something is declared. */
export interface Position {
  /** The proto file as it is imported: `route/v1/route.proto`. */
  readonly file: string;
  /** From 1; 0 where the descriptors came without source information. */
  readonly line: number;
  /** From 1; 0 where the descriptors came without source information. */
  readonly column: number;
}

/** Where an element of a proto file is declared. */
export function positionOf(desc: DescEnum | DescEnumValue | DescService): Position {
  const file = fileOf(desc);
  const [line, column] = locationOf(desc)?.span ?? [-1, -1];
  return { file: `${file.name}.proto`, line: (line ?? -1) + 1, column: (column ?? -1) + 1 };
}

/**
 * The comments in front of an element and behind it, without the comment signs and without
 * what they say to buf's linter. Empty if there are none.
 */
export function commentOf(desc: DescEnum | DescEnumValue | DescService): string {
  const { leadingComments = "", trailingComments = "" } = locationOf(desc) ?? {};
  return `${leadingComments}\n${trailingComments}`
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => !line.startsWith("buf:lint:ignore "))
    .join("\n")
    .trim();
}

function fileOf(desc: DescEnum | DescEnumValue | DescService): DescFile {
  return desc.kind === "enum_value" ? desc.parent.file : desc.file;
}

const locations = new WeakMap<DescFile, Map<string, SourceCodeInfo_Location>>();

function locationOf(desc: DescEnum | DescEnumValue | DescService) {
  const file = fileOf(desc);
  let byPath = locations.get(file);
  if (byPath === undefined) {
    const all = file.proto.sourceCodeInfo?.location ?? [];
    byPath = new Map(all.map((location) => [location.path.join(), location]));
    locations.set(file, byPath);
  }
  return byPath.get(pathOf(desc).join());
}

/** The path of an element as source information has it: field numbers and indexes by turns. */
function pathOf(desc: DescEnum | DescEnumValue | DescMessage | DescService): number[] {
  switch (desc.kind) {
    case "enum_value":
      return [
        ...pathOf(desc.parent),
        EnumDescriptorProtoSchema.field.value.number,
        desc.parent.values.indexOf(desc),
      ];
    case "service":
      return [FileDescriptorProtoSchema.field.service.number, desc.file.services.indexOf(desc)];
    case "enum":
      return desc.parent === undefined
        ? [FileDescriptorProtoSchema.field.enumType.number, desc.file.enums.indexOf(desc)]
        : [
            ...pathOf(desc.parent),
            DescriptorProtoSchema.field.enumType.number,
            desc.parent.nestedEnums.indexOf(desc),
          ];
    case "message":
      return desc.parent === undefined
        ? [FileDescriptorProtoSchema.field.messageType.number, desc.file.messages.indexOf(desc)]
        : [
            ...pathOf(desc.parent),
            DescriptorProtoSchema.field.nestedType.number,
            desc.parent.nestedMessages.indexOf(desc),
          ];
  }
}
