/** What the API server itself refuses of the corpus, before it asks a policy, and why that is no disagreement. */
export interface Refusal {
  /** The server's message. */
  readonly message: RegExp;
  readonly why: string;
}

export const refusals: readonly Refusal[] = [
  { message: /cannot be handled as a|cannot unmarshal|unable to parse/, why: "a field of another type than the API has: nothing to decide" },
  {
    message: /Required value: Limit must be set for non overcommitable resources|must be an integer|must be equal to nvidia\.com\/gpu limit/,
    why: "GPUs as policies 1 and 2 refuse them: the server does, too",
  },
  { message: /strict decoding error: unknown field/, why: "a field that the API does not have" },
  { message: /ephemeralContainers: Forbidden: cannot be set on create/, why: "they are added to a Pod that is there: a test of its own does" },
  {
    message:
      /invalid AppArmor profile name|to use `Unmasked`|AllowOrigins cannot contain|cannot set `allowPrivilegeEscalation` to false and `privileged` to true|hostNetwork must be true/,
    why: "fields that contradict each other, or a value that there is none of, which the server refuses first",
  },
  {
    message:
      /: Required value|must be (greater|between)|cannot be set for a windows pod|operator must be Exists when `key` is empty|Unsupported value|Not found|whitespace|does not match event/,
    why: "an object that is none: nobody can make one as the case has it",
  },
];
