import { type HopNode, isShortened, sameMessage } from "./hop-node.js";

/** Hops among which that of a message is looked for, see sameMessage(). */
export interface NodesByMessage {
  add(node: HopNode): void;
  /** The first that was added and may have the message; the taken ones are left out. */
  find(message: string, taken: ReadonlySet<HopNode>): HopNode | undefined;
}

/** So many hops are compared one by one; that is faster than an index. */
const FEW = 16;

/**
 * A trace may have tens of thousands of hops with the same code, so many are not
 * compared one by one. Their messages must not change as long as this is used.
 */
export function createNodesByMessage(): NodesByMessage {
  const nodes: HopNode[] = [];
  let index: MessageIndex | undefined;
  return {
    add(node) {
      nodes.push(node);
      index?.add(node);
    },
    find(message, taken) {
      if (nodes.length <= FEW) {
        return nodes.find((node) => !taken.has(node) && sameMessage(node.message, message));
      }
      index ??= indexOf(nodes);
      return index.find(message, taken);
    },
  };
}

/** Chains shorten to few lengths. Messages of further ones are only compared whole. */
const MAX_LENGTHS = 64;

interface Entry {
  readonly node: HopNode;
  readonly place: number;
}

class MessageIndex implements NodesByMessage {
  readonly #all: Entry[] = [];
  readonly #byMessage = new Map<string, Entry[]>();
  /** The shortened ones, by what is left of the message. */
  readonly #byRest = new Map<string, Entry[]>();
  readonly #restLengths = new Set<number>();
  /** All, by the beginning of the message, for each length that was asked for. */
  readonly #byBeginning = new Map<number, Map<string, Entry[]>>();

  add(node: HopNode): void {
    const entry = { node, place: this.#all.length };
    const { message } = node;
    this.#all.push(entry);
    put(this.#byMessage, message, entry);
    const lengths = this.#restLengths;
    const rest = message.slice(0, -1);
    if (isShortened(message) && (lengths.has(rest.length) || lengths.size < MAX_LENGTHS)) {
      lengths.add(rest.length);
      put(this.#byRest, rest, entry);
    }
    for (const [length, entries] of this.#byBeginning) {
      putBeginning(entries, length, entry);
    }
  }

  find(message: string, taken: ReadonlySet<HopNode>): HopNode | undefined {
    let first: Entry | undefined;
    for (const entries of this.#candidates(message)) {
      const entry = entries?.find(({ node }) => !taken.has(node));
      if (entry !== undefined && (first === undefined || entry.place < first.place)) {
        first = entry;
      }
    }
    return first?.node;
  }

  #candidates(message: string): (readonly Entry[] | undefined)[] {
    if (message === "") {
      return [this.#all];
    }
    const candidates = [this.#byMessage.get(message), this.#byMessage.get("")];
    for (const length of this.#restLengths) {
      if (length <= message.length) {
        candidates.push(this.#byRest.get(message.slice(0, length)));
      }
    }
    if (isShortened(message)) {
      candidates.push(this.#withBeginning(message.slice(0, -1)));
    }
    return candidates;
  }

  #withBeginning(beginning: string): Entry[] | undefined {
    const { length } = beginning;
    let entries = this.#byBeginning.get(length);
    if (entries === undefined && this.#byBeginning.size < MAX_LENGTHS) {
      entries = new Map();
      for (const entry of this.#all) {
        putBeginning(entries, length, entry);
      }
      this.#byBeginning.set(length, entries);
    }
    return entries?.get(beginning);
  }
}

function indexOf(nodes: readonly HopNode[]): MessageIndex {
  const index = new MessageIndex();
  for (const node of nodes) {
    index.add(node);
  }
  return index;
}

function putBeginning(entries: Map<string, Entry[]>, length: number, entry: Entry): void {
  const { message } = entry.node;
  if (message.length >= length) {
    put(entries, message.slice(0, length), entry);
  }
}

function put(entries: Map<string, Entry[]>, text: string, entry: Entry): void {
  const list = entries.get(text);
  if (list === undefined) {
    entries.set(text, [entry]);
  } else {
    list.push(entry);
  }
}
