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
    [["zh-Hans-CN", "en"], "zh-CN"], // what a region is written in goes without saying
    [["zh-Hans-CN-x-private"], "zh-CN"],
    [["zh-Hant-TW"], "zh-Hant"],
    [["zh", "en"], "zh-CN"],
    [["z"], undefined],
    [["zh-C"], undefined],
    [["zh-TW"], undefined],
    [["zh-Hans"], undefined],
    [["fr"], undefined],
    [[], undefined],
  ])("%j", (ranges, tag) => {
    expect(lookupLanguage(ranges, tags)).toBe(tag);
  });

  test("prefers what a range names to what begins with it", () => {
    expect(lookupLanguage(["zh"], ["zh-TW", "zh-CN"])).toBe("zh-TW");
    expect(lookupLanguage(["zh"], ["zh-TW", "zh"])).toBe("zh");
    expect(lookupLanguage(["zh-Hans-CN"], ["zh-CN", "zh"])).toBe("zh");
    expect(lookupLanguage(["zh-Hant-TW"], ["zh-CN"])).toBeUndefined();
  });

  test("takes no time for a hostile header", () => {
    const header = Array(16).fill(Array(18).fill("a").join("-")).join(",");
    const languages = ["zh-CN", "de", "fr", "es", "pt-BR", "ja", "ko", "it", "nl", "en"];
    const ranges = parseAcceptLanguage(header);
    expect(ranges).toHaveLength(16);
    const times = Array.from({ length: 5 }, () => {
      const start = performance.now();
      for (let cause = 0; cause < 32; cause++) {
        expect(lookupLanguage(ranges, languages)).toBeUndefined();
      }
      return performance.now() - start;
    });
    expect(Math.min(...times)).toBeLessThan(10);
  });
});
