/** What of Pulumi's output a person needs: what was done, what is waited for and why, and what went wrong. */

/** How often one resource may say what it waits for. */
const EVERY_MS = 5000;

const noise =
  /^\s*@ |^(Refreshing|Updating|Destroying) \(|^Loading policy|^The resources in the stack have been deleted, but|^If you want to remove the stack completely|using pulumi-language-nodejs from \$PATH|^\s*[+~-]*\s*pulumi:(pulumi:Stack|providers:)/;
/** "+  TYPE NAME creating (3s) reason": begun and not ended. */
const running = /^\s*\S*\s+(?<resource>\S+ \S+) (?:creating|updating|deleting|refreshing|replacing|reading|importing)(?: \([\d.]+s\))?(?<reason>.*)$/;
/** "+  TYPE NAME created (0.1s)": ended. The engine says it again with each change on the display. */
const ended = /^\s*\S*\s+(?<what>\S+:\S+ \S+ (?:created|updated|deleted|replaced))\b/;
/** A resource of which nothing changed. */
const unchanged = /^\s*(?:~\s+)?\S+:\S+ \S+(?: refresh(?:ed|ing)?)?(?: \([\d.]+s\))?\s*$/;

/** Passes on the lines that matter; how long a resource has been waited for is said at most every few seconds. */
export function quiet(print: (line: string) => void, now: () => number = Date.now): (line: string) => void {
  const said = new Map<string, number>();
  const done = new Set<string>();
  let last = "";
  return (text) => {
    const line = text.trimEnd();
    if (line.trim() === "" || line === last || noise.test(line) || unchanged.test(line)) return;
    const what = ended.exec(line)?.groups?.what;
    if (what !== undefined) {
      if (done.has(what)) return;
      done.add(what);
    }
    const waiting = running.exec(line)?.groups;
    if (waiting) {
      const { resource = "", reason = "" } = waiting;
      if (reason.trim() === "" || now() - (said.get(resource) ?? now()) < EVERY_MS) {
        if (!said.has(resource)) said.set(resource, now());
        return;
      }
      said.set(resource, now());
    }
    last = line;
    print(line);
  };
}
