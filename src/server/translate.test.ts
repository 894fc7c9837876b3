import { create, toBinary } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import {
  type Cause,
  CauseSchema,
  ErrorChainSchema,
  Visibility,
} from "../../gen/errchain/v1/error_chain_pb.js";
import { defineError } from "../catalog/define-error.js";
import { checkRules, type TranslationRule, translate } from "./translate.js";

const ours = defineError({
  system: "FRONT",
  code: 900,
  reason: "NOT_THERE",
  status: "NOT_FOUND",
  message: "{thing} is not there",
  visibility: "PUBLIC",
});
const theirs = defineError({
  system: "ROUTE",
  module: "DISPATCH",
  code: 100,
  reason: "NO_RANGE",
  status: "NOT_FOUND",
  message: "{thing}",
});

const said = (module: string, thing: string, visibility: number = Visibility.PUBLIC) =>
  create(CauseSchema, { system: "ROUTE", module, code: "100", args: { thing }, visibility });

const encoded = (causes: Cause[]) =>
  toBinary(ErrorChainSchema, create(ErrorChainSchema, { causes }));

const answerTo = (rule: Omit<TranslationRule, "to">, ...causes: ReturnType<typeof said>[]) =>
  translate(
    checkRules([{ ...rule, to: ours as never }]),
    [encoded(causes)],
    undefined,
    (problem) => {
      throw problem;
    },
  )?.rawMessage;

test("a definition matches its own module only, and of several causes the nearest", () => {
  const chain = [said("OTHER", "a"), said("DISPATCH", "b"), said("DISPATCH", "c")];
  expect(answerTo({ from: theirs as never }, ...chain)).toBe("b is not there");
  expect(answerTo({ from: { module: "" } }, ...chain)).toBeUndefined();
  expect(answerTo({ from: { module: "" } }, ...chain, said("", "d"))).toBe("d is not there");
});

test("what a cause says goes no further than it may", () => {
  const from = { system: "ROUTE" };
  expect(answerTo({ from }, said("", "a"))).toBe("a is not there");
  for (const visibility of [Visibility.UNSPECIFIED, Visibility.INTERNAL, Visibility.PARTNER, 99]) {
    expect(answerTo({ from }, said("", "secret", visibility))).toBe("{thing} is not there");
  }
});
