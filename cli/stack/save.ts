/** Writes an edit of the configuration, and commits it on a branch of its own where that is wanted. */
import { failed, refused } from "../errors";
import type { Run } from "../types";
import type { Edit } from "./file";

export interface Saved {
  readonly path: string;
  readonly diff: string;
  readonly written: boolean;
  readonly branch?: string;
}

/** @param branch made from HEAD; undefined: the file is written, and nothing is committed */
export async function save({ deps, settings }: Run, edit: Edit, branch?: { readonly name: string; readonly message: string }): Promise<Saved> {
  if (edit.diff === "") return { path: edit.path, diff: "", written: false };
  if (settings.dryRun) return { path: edit.path, diff: edit.diff, written: false };
  if (branch) await mustBeClean(deps.run.git, edit.path);
  deps.files.write(edit.path, edit.after);
  if (!branch) return { path: edit.path, diff: edit.diff, written: true };
  await git(deps.run.git, ["switch", "--create", branch.name]);
  await git(deps.run.git, ["commit", "--quiet", "--only", "--message", branch.message, "--", edit.path]);
  return { path: edit.path, diff: edit.diff, written: true, branch: branch.name };
}

type Git = Run["deps"]["run"]["git"];

/** Somebody else's changes are not committed along. Asked before anything is written. @throws UserError */
export async function mustBeClean(run: Git, path: string): Promise<void> {
  const { stdout } = await git(run, ["status", "--porcelain", "--", path]);
  if (stdout.trim() !== "") throw refused(`${path} has changes that are not committed`, "commit them or put them away first, or leave out --commit");
}

async function git(run: Git, args: readonly string[]): Promise<{ readonly stdout: string }> {
  const { code, stdout, stderr } = await run(args);
  if (code !== 0) throw failed(`git ${args[0] ?? ""}: ${(stderr || stdout).trim()}`, "see to it by hand: what was written stays written");
  return { stdout };
}

/** What to do next, in words. @param next such as `pulumi up` */
export function nextSteps(saved: Saved, next: string): string {
  if (!saved.written) return saved.diff === "" ? "nothing to change in the configuration" : "nothing was written (--dry-run)";
  if (saved.branch === undefined) return `${saved.path} was written: commit it, then ${next}`;
  return `${saved.path} was committed on branch ${saved.branch}: git push --set-upstream origin ${saved.branch}, open a pull request; then ${next}`;
}
