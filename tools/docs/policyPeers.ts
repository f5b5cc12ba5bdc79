/** Who else checks what a policy checks, by the policy's number. */

export const peers = {
  P: "Pod Security Standards, restricted",
  L: "kube-linter",
  C: "checkov",
  K: "kubescape",
  S: "kube-score",
} as const;

type Letter = keyof typeof peers;

/** Letters by number; numbers that are left out: nobody. Read in the projects' own lists of checks. */
const checkedBy: Readonly<Record<number, string>> = {
  11: "PLCK", 12: "PLCK", 13: "PLCKS", 14: "PLCK", 15: "PCK", 16: "LCKS", 17: "PLCK", 18: "PLCK", 19: "PLK", 20: "LCK", 21: "LCK", 22: "LCKS", 23: "LCS", 24: "CK",
  25: "LCKS", 26: "K", 31: "K", 32: "LK", 33: "C", 35: "LCK", 38: "LCK", 39: "LCK", 40: "LK", 41: "LK", 42: "L", 43: "LCK", 44: "LCK",
  49: "LCS", 50: "LS", 51: "LS", 52: "LS", 54: "LCS", 55: "LK", 56: "K", 60: "LK",
}; // prettier-ignore

export function peersOf(number: number): readonly Letter[] {
  return [...(checkedBy[number] ?? "")] as Letter[];
}
