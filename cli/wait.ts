/** Waiting for what a change brings about, with a sign of life. */
import { UserError } from "./errors";
import type { Deps } from "./types";

/** What is seen at one look: an end, or what it still does. */
export type Look<T> = { readonly done: T } | { readonly doing: string };

/**
 * Looks every two seconds until it is done; says each change of what it does.
 * @param what in words, for the message
 * @throws UserError TIMEOUT with what was seen last
 */
export async function waitFor<T>(
  deps: Pick<Deps, "clock" | "terminal">,
  what: string,
  timeoutMs: number,
  fix: string,
  look: () => Promise<Look<T>>,
): Promise<T> {
  const { clock, terminal } = deps;
  const end = clock.now() + timeoutMs;
  let said = "";
  for (;;) {
    const seen = await look();
    if ("done" in seen) return seen.done;
    if (seen.doing !== said) terminal.note(`  … ${what}: ${seen.doing}`);
    said = seen.doing;
    if (clock.now() >= end) throw new UserError("TIMEOUT", `${what}: not within ${Math.round(timeoutMs / 1000)} s; last: ${said}`, fix);
    await clock.sleep(2000);
  }
}
