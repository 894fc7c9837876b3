export { checkCodebook } from "./check.js";
export {
  type Codebook,
  type CodebookCatalog,
  type CodebookCode,
  type CodebookService,
  readCodebook,
} from "./codebook.js";
export { type Finding, formatFinding } from "./finding.js";
export { type Image, readImage } from "./image.js";
export { codebookToMarkdown } from "./markdown.js";
export type { Position } from "./position.js";
