import { describe, expect, test } from "vitest";
import { lookupLanguage, parseAcceptLanguage } from "./accept-language.js";

describe("parseAcceptLanguage", () => {
  test.each([
    ["zh-CN", ["zh-CN"]],
    ["da, en-gb;q=0.8, en;q=0.7", ["da", "en-gb", "en"]],
    ["en;q=0.1,zh-CN;q=0.9 , de", ["de", "zh-CN", "en"]],
    ["fr;q=0, *;q=0.5, de", ["de"]],
    ["de ; Q=0.5 , en", ["en", "de"]],
    [Array(5_000).fill("aa").join("-"), []],
    [Array(5_000).fill("de").join(","), Array(16).fill("de")],
    ["*", []],
    ["", []],
    ["no tag!, ;q=1, de;q=abc", []],
  ])("%j", (header, ranges) => {
    expect(parseAcceptLanguage(header)).toEqual(ranges);
  });
});

describe("lookupLanguage", () => {
  const tags = ["zh-CN", "de", "zh-Hant", "en"];
  test.each([
    [["zh-CN"], "zh-CN"],
    [["ZH-cn"], "zh-CN"],
    [["de-CH-1996"], "de"],
    [["zh-Hant-TW-x-private"], "zh-Hant"],
    [["de-x-private"], "de"],
    [["fr", "de"], "de"],
    [["en", "zh-CN"], "en"],
    [["zh"], undefined], // a range is shortened, a tag is not
    [["fr"], undefined],
    [[], undefined],
  ])("%j", (ranges, tag) => {
    expect(lookupLanguage(ranges, tags)).toBe(tag);
  });
});
