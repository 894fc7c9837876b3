import { execFileSync } from "node:child_process";
import { join } from "node:path";

const root = join(import.meta.dirname, "../../../..");

/** Builds the image of the example's catalogs, as its users would for --catalog. */
export function buildCatalogImage(folder: string): string {
  const image = join(folder, "catalog.binpb");
  const buf = join(root, "node_modules/.bin/buf");
  execFileSync(buf, ["build", "-o", image], { cwd: root, stdio: ["ignore", "ignore", "inherit"] });
  return image;
}
