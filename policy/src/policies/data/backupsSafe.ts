/** Backups that are there after a fire, that a thief can't read, and that restore. */
import { all } from "../../each";
import type { KubeObject } from "../../objects";
import { peek } from "../../peek";
import { indexed, qualified } from "../../perStack";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { Stack } from "../../stack";
import { UNKNOWN, type View } from "../../values";
import { annotation, backupAnnotations } from "./backups";

const velero = "velero.io";
const componentLabel = ["metadata", "labels", "app.kubernetes.io/component"] as const;
const cnpg = "postgresql.cnpg.io/Cluster";

export const backupsSafe = stackPolicy({
  number: 47,
  name: "backups-safe",
  title: "backups are encrypted, leave the cluster, and are verified by schedule",
  why: "A snapshot goes with the storage that it is of; a backup in the clear is the easiest way to all data; and one that was never restored often doesn't restore.",
  fix: `use the tool's fields, or annotate it with ${backupAnnotations.encryption}, -location (a URL) and -verification (a CronJob of the same namespace)`,
  group: "data",
  severity: "high",
  controls: { nist: ["CP-9(1)", "CP-9(3)", "CP-9(8)"] },
  layer: "recovery",
  parameters: {
    components: { type: "strings", description: "values of app.kubernetes.io/component of CronJobs that back up", default: ["backup"] },
  },
  subjects: (stack, { parameters }) => [
    ...stack.ofKind(`${velero}/Schedule`),
    ...stack.ofKind(cnpg).filter(({ value }) => peek(value, "spec", "backup") !== undefined),
    ...stack.ofKind("batch/CronJob").filter(({ value }) => {
      const component = peek(value, ...componentLabel);
      return component === UNKNOWN || (typeof component === "string" && parameters.components.includes(component));
    }),
  ],
  check: (subject, view, stack) =>
    all(
      () => known(subject, view),
      () => encryption(subject, view),
      () => location(subject, view),
      () => verification(subject, view, stack),
    ),
});

/** A CronJob whose component is unknown may be no backup. */
function known(subject: KubeObject, view: View): readonly Problem[] {
  if (subject.is("CronJob")) view.at(...componentLabel).known();
  return [];
}

function said(view: View, key: keyof typeof backupAnnotations): boolean {
  return (annotation(view, key).string("") ?? "") !== "";
}

/** What Velero moves off the cluster, its repository encrypts. CloudNativePG says it of data and of the log, each. */
function encryption(subject: KubeObject, view: View): readonly Problem[] {
  if (said(view, "encryption")) return [];
  if (subject.is(`${velero}/Schedule`) && leavesCluster(view)) return [];
  const store = view.view("spec").view("backup.barmanObjectStore");
  if (subject.is(cnpg) && ["data", "wal"].every((part) => store.string(`${part}.encryption`) !== undefined)) return [];
  return [problem(annotation(view, "encryption"), "", "must say what encrypts the backups")];
}

function location(subject: KubeObject, view: View): readonly Problem[] {
  if (subject.is(`${velero}/Schedule`))
    return leavesCluster(view) ? [] : [problem(view, "spec.template.snapshotMoveData", "must be true: a snapshot alone stays in the storage that it is of")];
  const at = subject.is(cnpg) && !said(view, "location") ? view.view("spec.backup.barmanObjectStore.destinationPath") : annotation(view, "location");
  return isElsewhere(at.string("")) ? [] : [problem(at, "", "must be the URL of a store outside the cluster")];
}

function leavesCluster(view: View): boolean {
  return view.boolean("spec.template.snapshotMoveData") === true || view.boolean("spec.template.defaultVolumesToFsBackup") === true;
}

/** A URL whose host is no Service of the cluster. */
function isElsewhere(url: string | undefined): boolean {
  const [, host = ""] = /^[a-z][a-z0-9+.-]*:\/\/([^/:?#]+)/.exec(url ?? "") ?? [];
  return host !== "" && !/(^|\.)(svc|svc\.cluster\.local|localhost)$/.test(host);
}

const cronJobs = indexed(["batch/CronJob"], qualified);

function verification(subject: KubeObject, view: View, stack: Stack): readonly Problem[] {
  const at = annotation(view, "verification");
  const name = at.string("") ?? "";
  const found = cronJobs(stack, qualified({ namespace: subject.namespace, name }))[0];
  if (found === undefined || name === subject.name) return [problem(at, "", "must be the name of a CronJob of the same namespace that restores and checks")];
  return found.view().boolean("spec.suspend") === true ? [problem(at, "", `must be the name of a CronJob that runs: ${name} is suspended`)] : [];
}
