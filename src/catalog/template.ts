// Message templates: `{name}` stands for an arg, `{{` and `}}` for braces. A brace
// that is part of neither stays as it is.

// biome-ignore format: a table
type NameChar =
  | "a" | "b" | "c" | "d" | "e" | "f" | "g" | "h" | "i" | "j" | "k" | "l" | "m"
  | "n" | "o" | "p" | "q" | "r" | "s" | "t" | "u" | "v" | "w" | "x" | "y" | "z"
  | "0" | "1" | "2" | "3" | "4" | "5" | "6" | "7" | "8" | "9" | "_";

type IsName<Text extends string> = Text extends `${infer Char}${infer Rest}`
  ? Lowercase<Char> extends NameChar
    ? Rest extends ""
      ? true
      : IsName<Rest>
    : false
  : false;

/**
 * The names of the placeholders in a message template, as a union of string
 * literals: `"address" | "product"`.
 */
export type Placeholders<Template extends string, Found extends string = never> =
  // The last branch of each condition is a tail call, which TypeScript allows to
  // go on a thousand times.
  string extends Template
    ? string
    : Template extends `${string}{${infer Tail}`
      ? Tail extends `{${infer Rest}`
        ? Placeholders<Rest, Found>
        : Tail extends `${infer Name}}${infer Rest}`
          ? IsName<Name> extends true
            ? Placeholders<Rest, Found | Name>
            : Placeholders<Tail, Found>
          : Found
      : Found;

/** A message template, taken apart. */
export interface MessageTemplate {
  /** The names of the placeholders, each once. */
  readonly names: readonly string[];
  /** The message with the values in place; a placeholder without a value stays. */
  render(values: Readonly<Record<string, string>>): string;
}

export function parseTemplate(template: string): MessageTemplate {
  // split() with a capture group: texts at even places, placeholders at odd ones.
  const parts = template.split(/(\{\{|\}\}|\{\w+\})/);
  const pieces = parts.map((part, index) => {
    if (index % 2 === 0) {
      return { text: part, name: undefined };
    }
    if (part === "{{" || part === "}}") {
      return { text: part.slice(1), name: undefined };
    }
    return { text: part, name: part.slice(1, -1) };
  });
  return {
    names: [...new Set(pieces.flatMap(({ name }) => name ?? []))],
    render(values) {
      let message = "";
      for (const { text, name } of pieces) {
        message += name !== undefined && Object.hasOwn(values, name) ? values[name] : text;
      }
      return message;
    },
  };
}
