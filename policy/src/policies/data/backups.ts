/** How backups are declared: annotations, since Kubernetes has no fields for them. */
import type { View } from "../../values";

const prefix = "openshift-ai-platform/backup-";

export const backupAnnotations = {
  /** How: `archiving`, `snapshots`, `files`, `manifest`; `none`, with the reason. */
  method: `${prefix}method`,
  /** How much may be lost, as time: `15m`, `24h`. */
  rpo: `${prefix}rpo`,
  /** How long a restore may take. */
  rto: `${prefix}rto`,
  /** How long backups are kept: `35d`. */
  retention: `${prefix}retention`,
  /** Why a thing needs no backup. */
  reason: `${prefix}reason`,
  /** What encrypts backups, and where its key is: `restic, key in vault:kv/backup`. */
  encryption: `${prefix}encryption`,
  /** Where backups go: `s3://backups.example.com/ai`. */
  location: `${prefix}location`,
  /** CronJob of the same namespace that restores and checks them. */
  verification: `${prefix}verification`,
} as const;

const seconds: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86400, w: 604800 };

/** `15m`, `24h`, `35d` in seconds; undefined where it is no time, or none at all. */
export function duration(text: string | undefined): number | undefined {
  const [, digits, unit = ""] = /^([1-9]\d{0,5})([smhdw])$/.exec(text ?? "") ?? [];
  return digits === undefined ? undefined : Number(digits) * (seconds[unit] ?? 1);
}

export function annotation(view: View, key: keyof typeof backupAnnotations): View {
  return view.view("metadata.annotations").at(backupAnnotations[key]);
}
