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

/** What is wrong with the messages in other languages, as the end of a sentence. */
export function localizedProblem(
  messages: Readonly<Record<string, unknown>>,
  placeholders: readonly string[],
): string | undefined {
  for (const [tag, message] of Object.entries(messages)) {
    if (canonicalLocale(tag) === undefined) {
      return `localized has ${JSON.stringify(tag)}, which is no language tag`;
    }
    if (typeof message !== "string" || message === "") {
      return `the message for ${tag} must be a sentence`;
    }
    const extra = parseTemplate(message).names.find((name) => !placeholders.includes(name));
    if (extra !== undefined) {
      return `the message for ${tag} shows {${extra}}, but the default message does not`;
    }
  }
  return undefined;
}

/** The usual form of a BCP 47 language tag; undefined if a text is none. */
export function canonicalLocale(locale: string): string | undefined {
  try {
    return Intl.getCanonicalLocales(locale)[0];
  } catch {
    return undefined;
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
  const tag = lookupLanguage(ranges, [locale, ...templates.keys()]);
  return tag === undefined ? undefined : templates.get(tag)?.render(args);
}
