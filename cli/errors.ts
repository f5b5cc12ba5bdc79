/** Errors that a person can do something about, each with a code for programs and an exit status. */
import { UserError as ToolError } from "../tools/lib/errors";

/** Exit statuses by the code of the error; docs/aictl.md lists them. 0 is success. */
export const exitCodes = {
  /** What was asked for did not come about, or a check found problems. */
  FAILED: 1,
  /** The command, its options or the stack's configuration are wrong. */
  USAGE: 2,
  /** A guard said no: production without a confirmation, a target that can't be gone back to, a model that is in use. */
  REFUSED: 3,
  /** It was begun, and did not end within --timeout. */
  TIMEOUT: 4,
  /** The cluster, or a server behind its API, does not answer or does not know who asks. */
  UNREACHABLE: 5,
} as const;
export type ErrorCode = keyof typeof exitCodes;

/** Exit status of a defect of ours: EX_SOFTWARE of sysexits.h. */
export const defectCode = 70;

export class UserError extends ToolError {
  readonly code: ErrorCode;

  /** @param fix what to do about it, as an instruction */
  constructor(code: ErrorCode, message: string, fix: string, cause?: unknown) {
    super(message, { fix, exitCode: exitCodes[code], cause });
    this.code = code;
  }
}

export const usage = (message: string, fix: string, cause?: unknown) => new UserError("USAGE", message, fix, cause);
export const refused = (message: string, fix: string) => new UserError("REFUSED", message, fix);
export const failed = (message: string, fix: string, cause?: unknown) => new UserError("FAILED", message, fix, cause);
