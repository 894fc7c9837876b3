import { readFileSync } from "node:fs";
import type { ErrorChain } from "../../gen/errchain/v1/error_chain_pb.js";
import { formatErrorChain } from "../chain/format.js";
import { openSealed } from "../sealing/open-sealed.js";
import { type SealingKey, sealingKey } from "../sealing/sealing-key.js";
import { parseArguments } from "./arguments.js";
import { findChains } from "./find-chain.js";
import { readInput } from "./read-input.js";
import { UsageError } from "./usage-error.js";

const usage = `Usage: errchain open --key-file FILE [--key-file FILE …] [TEXT]

Opens what a boundary has sealed in an error, and prints the whole chain with the
values for engineers. The text is what "errchain decode" takes, or the sealed
value alone as base64; line breaks do no harm. Without TEXT, reads standard input.

A key file holds what "errchain keygen" prints; several keys, one a line, will do.`;

/** The command `errchain open`. Returns the exit code: 1 where the value cannot be opened. */
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
  const text = readInput(positionals, "an error with a sealed part, or the sealed value");
  let chain: ErrorChain;
  try {
    const found = findChains(text).find(({ sealed }) => sealed.length > 0);
    chain = await openSealed(found ?? text, keys);
  } catch (err) {
    console.error(`errchain: ${(err as Error).message}`);
    return 1;
  }
  console.log(formatErrorChain(chain, { style: "tree" }));
  for (const cause of chain.causes) {
    for (const [name, value] of Object.entries(cause.privateArgs)) {
      console.log(formatErrorChain(`${cause.system} ${name}: ${value}`));
    }
  }
  if (chain.sealed.length > 0) {
    console.log("\nA system below has sealed more, with a key of its own.");
  }
  return 0;
}

function readKeys(file: string): SealingKey[] {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (err) {
    throw new UsageError(`cannot read the key file ${file}: ${(err as Error).message}`);
  }
  const lines = text.split("\n").filter((line) => line.trim() !== "");
  try {
    return lines.map(sealingKey);
  } catch (err) {
    throw new UsageError(`in the key file ${file}: ${(err as Error).message}`);
  }
}
