/** What a check of a cluster is: shared by `make doctor`, the operations CLI and troubleshooting. */
import type { ImagesLock } from "../../images/lock";
import type { PlatformProfile } from "../../components/common/platform";
import type { ProjectPlan } from "../../stacks/projects";
import type { StackConfig } from "../../stacks/schema";
import type { Api } from "./api";

/** `warning`: works, or can't be told; worth a look. `problem`: an `up` fails, or does harm. `skipped`: does not apply, and why. */
export type Status = "ok" | "warning" | "problem" | "skipped";

/** One thing that a check found. */
export interface Finding {
  readonly status: Status;
  readonly found: string;
  /** What must be there; said with warnings and problems. */
  readonly wanted?: string;
  /** What to do about it, as an instruction; said with warnings and problems. */
  readonly fix?: string;
}

/** What the cluster is compared with. */
export interface Wanted {
  readonly stack: string;
  readonly config: StackConfig;
  readonly profile: PlatformProfile;
  /** Value of the owner label of the stack's objects. */
  readonly owner: string;
  readonly projects: readonly ProjectPlan[];
  /** images.lock, with the digests of the cluster's own lock where it has one. */
  readonly images: ImagesLock;
  readonly machine: Machine;
}

/** What the machine has that runs `pulumi`. */
export interface Machine {
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Path of a program on PATH, without the project's own; undefined: none. */
  which(program: string): string | undefined;
  /** First line that a program prints; undefined when it fails. */
  output(program: string, args: readonly string[]): Promise<string | undefined>;
}

export interface Check {
  readonly id: string;
  readonly title: string;
  /** Asks and compares; changes nothing. @throws ApiError for what the server refuses to tell */
  run(api: Api, wanted: Wanted): Promise<readonly Finding[]>;
}

export const ok = (found: string): Finding => ({ status: "ok", found });
export const skipped = (found: string): Finding => ({ status: "skipped", found });
export const warning = (found: string, wanted: string, fix: string): Finding => ({ status: "warning", found, wanted, fix });
export const problem = (found: string, wanted: string, fix: string): Finding => ({ status: "problem", found, wanted, fix });
