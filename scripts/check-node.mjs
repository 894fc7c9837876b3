// Says so where an old Node.js runs the scripts. The package `node` brings the
// right one, but only if its install script has run.

const [major] = process.versions.node.split(".");
if (Number(major) < 22) {
  console.error(
    `This is Node.js ${process.versions.node}, but errchain needs 22 or later. The repository ` +
      "brings its own: run `npm rebuild node`, or `npm ci` without --ignore-scripts.",
  );
  process.exit(1);
}
