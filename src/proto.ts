// The types generated from proto/errchain/v1. Enums and messages that only the
// options of a catalog need are in their own file, catalog_pb.

export * from "../gen/errchain/v1/builtin_errors_pb.js";
export * from "../gen/errchain/v1/catalog_pb.js";
export * from "../gen/errchain/v1/error_chain_pb.js";
