// Measures what errchain adds to the page of examples/browser, and writes it into
// the READMEs: npm run size.

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = join(import.meta.dirname, "..");

/** How many bytes the page's imports from errchain take, minified and compressed, without the peers. */
export async function measureBrowserSize(): Promise<number> {
  const page = readFileSync(join(root, "examples/browser/page/app.ts"), "utf8");
  const imported = /import (\{[^}]*\}) from "errchain"/.exec(page)?.[1];
  if (imported === undefined) {
    throw new Error('the page has no import of the form: import { … } from "errchain"');
  }
  const { outputFiles } = await build({
    stdin: { contents: `export ${imported} from "errchain"`, resolveDir: root },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "browser",
    external: ["@bufbuild/*", "@connectrpc/*", "@opentelemetry/*"],
    write: false,
  });
  return gzipSync(outputFiles[0]?.contents ?? "", { level: 9 }).length;
}

/** The READMEs that tell of the size, as they stand and as they should be. */
export function readmesWithSize(bytes: number) {
  return ["README.md", "examples/browser/README.md"].map((file) => {
    const text = readFileSync(join(root, file), "utf8");
    const size = `${(bytes / 1000).toFixed(1)} kB`;
    const written = text.replace(
      /<!-- browser size -->[^<]*<!-- end -->/,
      `<!-- browser size -->${size}<!-- end -->`,
    );
    return { file, text, written };
  });
}

if (import.meta.main) {
  const bytes = await measureBrowserSize();
  for (const { file, text, written } of readmesWithSize(bytes)) {
    if (written !== text) {
      writeFileSync(join(root, file), written);
      console.log(`${file} was out of date`);
    }
  }
  console.log(`errchain takes ${bytes} bytes of the page of examples/browser`);
}
