/** A help link that a front end may show, else an empty text: peers may send `javascript:`. */
export function helpLink(help: string): string {
  return /^https?:\/\//i.test(help) ? help : "";
}
