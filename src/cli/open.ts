import { readFileSync } from "node:fs";
import { base64Encode } from "@bufbuild/protobuf/wire";
import type { ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { escapeControls } from "../chain/escape.js";
import { formatErrorChain } from "../chain/format.js";
import { toHex } from "../chain/hex.js";
import { openSealed } from "../sealing/open-sealed.js";
import { type SealingKey, sealingKey } from "../sealing/sealing-key.js";
import { parseArguments } from "./arguments.js";
import { findChains } from "./find-chain.js";
import { readInput } from "./read-input.js";
import { readText } from "./read-text.js";
import { whereSearched } from "./searched-parts.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain open --key-file FILE [--key-file FILE …] [TEXT]

Opens what a boundary has sealed in an error, and prints the whole chain with the
values for engineers; of each error in the text. The text is what "errchain decode"
takes, or the sealed value alone as base64; line breaks do no harm. Without TEXT, reads
standard input.

A key file holds what "errchain keygen" prints; several keys, one a line, will do.
Exit code: 0 where all is opened, 1 where something cannot be, 2 for bad input.`;

const WHAT = "an error with a sealed part, or the sealed value";

/** The command `errchain open`. Returns the exit code: 1 where something cannot be opened. */
export async function open(args: string[]): Promise<number> {
  const { values, positionals } = parseArguments({
    args,
    allowPositionals: true,
    options: {
      "key-file": { type: "string", multiple: true },
      help: { type: "boolean", short: "h" },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const files = values["key-file"] ?? [];
  if (files.length === 0) {
    throw new UsageError("open needs --key-file FILE, with what `errchain keygen` prints");
  }
  const keys = files.flatMap(readKeys);
  const text = readInput(positionals, WHAT);
  const found = findChains(text);
  const parts: (ErrorChain | string)[] = withSealedPart(found);
  if (parts.length === 0) {
    if (found.length > 0 || !isBase64(text)) {
      throw new UsageError(
        `there is nothing sealed in this${whereSearched(text)}; expected ${WHAT}`,
      );
    }
    parts.push(text);
  }
  let opened = 0;
  for (const [index, part] of parts.entries()) {
    const number = parts.length > 1 ? `${index + 1} of ${parts.length}` : "";
    try {
      const chain = await openSealed(part, keys);
      if (number !== "") {
        console.log(`${opened > 0 ? "\n" : ""}Sealed error ${number}:\n`);
      }
      await printWhole(chain, typeof part === "string" ? undefined : part, keys);
      opened++;
    } catch (err) {
      const which = number && `sealed error ${number}: `;
      console.error(`errchain: ${which}${escapeControls((err as Error).message)}`);
    }
  }
  return opened === parts.length ? 0 : 1;
}

/** Each chain with a sealed part; one that stands there with more and with less around it once. */
function withSealedPart(chains: readonly ErrorChain[]): ErrorChain[] {
  const found = new Map<string, ErrorChain>();
  for (const chain of chains) {
    const key = `${toHex(chain.traceId)} ${base64Encode(chain.sealed)}`;
    if (chain.sealed.length > 0 && !found.has(key)) {
      found.set(key, chain);
    }
  }
  return [...found.values()];
}

/** Prints an opened chain, and what is sealed within it. */
async function printWhole(
  opened: ErrorChain,
  around: ErrorChain | undefined,
  keys: readonly SealingKey[],
): Promise<void> {
  let chain = opened;
  print(chain, around);
  // What a system below had sealed before travels in the chain that was sealed.
  while (chain.sealed.length > 0) {
    const outside = chain;
    try {
      chain = await openSealed(outside, keys);
    } catch (err) {
      console.log(`\nA system below has sealed more: ${escapeControls((err as Error).message)}`);
      break;
    }
    console.log("\nA system below has sealed more:\n");
    print(chain, outside);
  }
}

function print(chain: ErrorChain, around: ErrorChain | undefined): void {
  console.log(formatErrorChain(chain, { style: "tree" }));
  for (const cause of chain.causes) {
    for (const [name, value] of Object.entries(cause.privateArgs)) {
      console.log(formatErrorChain(`${cause.system} ${name}: ${value}`));
    }
  }
  const traceId = toHex(chain.traceId);
  if (traceId !== "") {
    console.log(`\ntrace ID: ${traceId}`);
  }
  const outer = toHex(around?.traceId ?? new Uint8Array());
  if (outer !== "" && outer !== traceId) {
    console.log(
      `The error that it stands in has another one, ${outer}: is it of the same request?`,
    );
  }
}

function isBase64(text: string): boolean {
  return /^[\w+/-]+={0,2}$/.test(text.replaceAll(/\s/g, ""));
}

function readKeys(file: string): SealingKey[] {
  let text: string;
  try {
    text = readText(readFileSync(file));
  } catch (err) {
    throw new UsageError(`cannot read the key file ${file}: ${(err as Error).message}`);
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  if (lines.length === 0) {
    throw new UsageError(`there is no key in the key file ${file}`);
  }
  try {
    return lines.map(sealingKey);
  } catch (err) {
    throw new UsageError(`in the key file ${file}: ${(err as Error).message}`);
  }
}
