import {
  type DescExtension,
  type ExtensionValueShape,
  getOption,
  hasOption,
} from "@bufbuild/protobuf";

type OptionReader = <Extension extends DescExtension>(
  desc: object,
  extension: Extension,
) => ExtensionValueShape<Extension> | undefined;

/**
 * Reads one of our options of a service, an enum or a value; undefined where it is
 * not set. Its number is in the range that every organisation may use for itself,
 * so somebody else's option may stand there: what does not decode is not ours.
 */
export const readOption: OptionReader = (desc, extension) => {
  try {
    return hasOption(desc as never, extension as never)
      ? (getOption(desc as never, extension as never) as never)
      : undefined;
  } catch {
    return undefined;
  }
};
