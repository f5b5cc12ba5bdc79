/** Order of versions such as "v3.259.0", "go1.26.8" or "12.2". */

/** The first run of numbers in a text, "v3.259.0+dirty" → "3.259.0"; undefined where there is none. */
export function versionIn(text: string): string | undefined {
  return /\d+(?:\.\d+)*/.exec(text)?.[0];
}

/** Whether `version` is `minimum` or newer, number by number; a missing number counts as 0. */
export function atLeast(version: string, minimum: string): boolean {
  const numbers = (text: string) => (versionIn(text) ?? "0").split(".").map(Number);
  const [got, wanted] = [numbers(version), numbers(minimum)];
  for (let i = 0; i < Math.max(got.length, wanted.length); i++) {
    const difference = (got[i] ?? 0) - (wanted[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
