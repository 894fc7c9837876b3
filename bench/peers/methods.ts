import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { UnaryRequestSchema, UnaryResponseSchema } from "../../test/gen/probe/v1/probe_pb.js";

interface Text {
  readonly text: string;
}

/**
 * The procedure of the benchmark in the form that grpc-js and nice-grpc take, with
 * the messages that connect-es sends.
 */
export const probeService = {
  unary: {
    path: "/probe.v1.ProbeService/Unary",
    requestStream: false,
    responseStream: false,
    requestSerialize: ({ text }: Text) =>
      Buffer.from(toBinary(UnaryRequestSchema, create(UnaryRequestSchema, { text }))),
    requestDeserialize: (bytes: Uint8Array): Text => fromBinary(UnaryRequestSchema, bytes),
    responseSerialize: ({ text }: Text) =>
      Buffer.from(toBinary(UnaryResponseSchema, create(UnaryResponseSchema, { text }))),
    responseDeserialize: (bytes: Uint8Array): Text => fromBinary(UnaryResponseSchema, bytes),
    options: {},
  },
} as const;
