/** Progress of long work: one line per step, with its name, what is left, and how long it took. */

const color = process.stdout.isTTY && !process.env.NO_COLOR;
const paint = (code: number) => (text: string) => (color ? `\u001b[${code}m${text}\u001b[0m` : text);
export const bold = paint(1);
export const dim = paint(2);
export const red = paint(31);
export const green = paint(32);
export const yellow = paint(33);

/** "8 s", "1 min 05 s" */
export function seconds(ms: number): string {
  const s = Math.round(ms / 1000);
  return s < 60 ? `${s} s` : `${Math.floor(s / 60)} min ${String(s % 60).padStart(2, "0")} s`;
}

/** One line to the user. */
export function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs a step: prints its start when it takes longer than a moment, a sign of life every half minute, and its end with the time. */
export async function step<T>(name: string, work: (note: (text: string) => void) => Promise<T>): Promise<T> {
  const start = Date.now();
  let note = "";
  const announce = setTimeout(() => say(dim(`  … ${name}`)), 1000);
  const alive = setInterval(() => say(dim(`  … ${name}: ${seconds(Date.now() - start)}${note ? `, ${note}` : ""}`)), 30_000);
  try {
    const result = await work((text) => (note = text));
    say(`  ${green("✓")} ${name}${note ? `: ${note}` : ""} ${dim(`(${seconds(Date.now() - start)})`)}`);
    return result;
  } catch (error) {
    say(`  ${red("✗")} ${name} ${dim(`(${seconds(Date.now() - start)})`)}`);
    throw error;
  } finally {
    clearTimeout(announce);
    clearInterval(alive);
  }
}
