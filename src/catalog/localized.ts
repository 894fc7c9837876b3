import { lookupLanguage } from "./accept-language.js";
import { type MessageTemplate, parseTemplate } from "./template.js";

/** The message of one error code in several languages. */
interface LocalizedMessages {
  /** The language of the default message. */
  readonly locale: string;
  readonly templates: ReadonlyMap<string, MessageTemplate>;
}

// A hop answers in the caller's language also for the causes of other systems,
// whose definitions it has loaded. Only codes with messages in other languages
// are kept here.
const byFullCode = new Map<string, LocalizedMessages>();

/** Makes the messages of a code known. */
export function addLocalized(
  fullCode: string,
  locale: string,
  messages: Readonly<Record<string, string>>,
): void {
  const templates = Object.entries(messages).map(
    ([tag, message]) => [tag, parseTemplate(message)] as const,
  );
  if (templates.length > 0) {
    byFullCode.set(fullCode, { locale, templates: new Map(templates) });
  }
}

/** Whether there are messages in other languages at all. */
export function hasLocalized(): boolean {
  return byFullCode.size > 0;
}

/**
 * The message of a code in the best of the languages that the caller asks for.
 * Undefined where that is the default message.
 *
 * @param ranges language ranges, best first
 */
export function localizedMessage(
  fullCode: string,
  args: Readonly<Record<string, string>>,
  ranges: readonly string[],
): string | undefined {
  const messages = byFullCode.get(fullCode);
  if (messages === undefined) {
    return undefined;
  }
  const { locale, templates } = messages;
  const tag = lookupLanguage(ranges, [...templates.keys(), locale]);
  return tag === undefined ? undefined : templates.get(tag)?.render(args);
}
