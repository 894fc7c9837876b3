// Measures what errchain adds to the page of examples/browser, and writes it into
// the READMEs. With --check it only says whether what they say is true.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

/** How many bytes errchain takes on the page, minified and compressed, without its peers. */
export async function measureBrowserSize(): Promise<number> {
  const page = readFileSync(join(root, "examples/browser/page/app.ts"), "utf8");
  const used = /import (\{[^}]*\}) from "errchain"/.exec(page)?.[1];
  if (used === undefined) {
    throw new Error('the page has no import of the form: import { … } from "errchain"');
  }
  const { outputFiles } = await build({
    stdin: { contents: `export ${used} from "errchain"`, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    external: ["@bufbuild/*", "@connectrpc/*", "@opentelemetry/*"],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

const readmes = ["README.md", "examples/browser/README.md"].map((name) => join(root, name));
const place = /(<!-- browser size -->)[^<]*(<!-- end -->)/;

/** Writes the size into the READMEs. Returns those that said something else. */
export function writeBrowserSize(bytes: number, options = { check: false }): string[] {
  return readmes.filter((file) => {
    const text = readFileSync(file, "utf8");
    if (!place.test(text)) {
      throw new Error(`${file} has no place for the size: <!-- browser size --><!-- end -->`);
    }
    const written = text.replace(place, `$1${(bytes / 1000).toFixed(1)} kB$2`);
    if (written !== text && !options.check) {
      writeFileSync(file, written);
    }
    return written !== text;
  });
}

if (import.meta.main) {
  const bytes = await measureBrowserSize();
  const check = process.argv.includes("--check");
  const stale = writeBrowserSize(bytes, { check });
  console.log(`errchain takes ${bytes} bytes on the page of examples/browser`);
  if (check && stale.length > 0) {
    console.error(`Run \`npm run size\` and commit: ${stale.join(", ")}`);
    process.exit(1);
  }
}
