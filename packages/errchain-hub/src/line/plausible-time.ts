const YEAR_2000_US = 946_684_800_000_000;
const DAY_US = 86_400_000_000;

/** Whether a time can be right. A clock that was never set counts as no clock. */
export function isPlausible(timeUs: number | undefined, nowUs: number): timeUs is number {
  return timeUs !== undefined && timeUs >= YEAR_2000_US && timeUs <= nowUs + DAY_US;
}
