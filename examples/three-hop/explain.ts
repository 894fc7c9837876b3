// Prints the chain in a Connect error, as curl shows it, as a tree:
//   curl … | npm run --silent explain

import { text } from "node:stream/consumers";
import { fromBinary } from "@bufbuild/protobuf";
import { base64Decode } from "@bufbuild/protobuf/wire";
import { formatErrorChain } from "errchain";
import { ErrorChainSchema } from "errchain/proto";

const input = await text(process.stdin);
const { message = "", details = [] } = parse(input);
const chain = details.find(({ type }) => type === ErrorChainSchema.typeName);
console.log(
  chain === undefined
    ? `no error chain in: ${input}`
    : `${message}\n\n${formatErrorChain(fromBinary(ErrorChainSchema, base64Decode(chain.value)), { style: "tree" })}`,
);

function parse(json: string): { message?: string; details?: { type: string; value: string }[] } {
  try {
    return JSON.parse(json);
  } catch {
    return {};
  }
}
