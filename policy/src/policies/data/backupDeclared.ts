/** What would be lost, and how much of it, is decided before it is lost. */
import type { KubeObject } from "../../objects";
import { peek } from "../../peek";
import { indexed } from "../../perStack";
import { problem, stackPolicy, type Problem } from "../../policy";
import type { View } from "../../values";
import { annotation, backupAnnotations, duration } from "./backups";

const databases = ["postgresql.cnpg.io/Cluster", "postgres-operator.crunchydata.com/PostgresCluster"];

export const backupDeclared = stackPolicy({
  number: 46,
  name: "backup-declared",
  title: "every volume and database says how it is backed up: method, RPO, RTO and retention",
  why: "What nobody has decided on is found out in a disaster: that there is no backup, that it is a week old, or that a restore takes a week.",
  fix: `annotate it or its Namespace with ${backupAnnotations.method}, -rpo, -rto and -retention; for what needs none, method none and -reason`,
  group: "data",
  severity: "high",
  controls: { nist: ["CP-9"] },
  layer: "recovery",
  parameters: {
    methods: { type: "strings", description: "methods that the site has", default: ["archiving", "files", "manifest", "snapshots"] },
  },
  subjects: (stack) =>
    stack
      .ofKind("/PersistentVolumeClaim", "apps/StatefulSet", ...databases)
      .filter((object) => !isReader(object) && !(object.is("StatefulSet") && isStateless(object))),
  check: (subject, view, stack, { parameters }) => {
    const project = namespaces(stack, subject.namespace)[0]?.view();
    const said = (key: keyof typeof backupAnnotations): { readonly at: View; readonly value: string | undefined } => {
      const at = annotation(view, key);
      return { at, value: at.string("") ?? (project === undefined ? undefined : annotation(project, key).string("")) };
    };
    const method = said("method");
    if (method.value === "none") return said("reason").value ? [] : [problem(said("reason").at, "", "must say why no backup is needed")];
    const known = parameters.methods.includes(method.value ?? "");
    const times = (["rpo", "rto", "retention"] as const).map((key) => ({ key, ...said(key) }));
    return [
      ...(known ? [] : [problem(method.at, "", `must be one of ${[...parameters.methods, "none"].join(", ")}`)]),
      ...times.filter(({ value }) => duration(value) === undefined).map(({ at }) => problem(at, "", "must be a time, such as 24h or 35d")),
      ...keptTooShort(said("rpo").value, said("retention")),
    ];
  },
});

const namespaces = indexed(["/Namespace"], ({ name }) => name);

function keptTooShort(rpo: string | undefined, { at, value }: { readonly at: View; readonly value: string | undefined }): readonly Problem[] {
  const [lost, kept] = [duration(rpo), duration(value)];
  return lost !== undefined && kept !== undefined && kept < lost ? [problem(at, "", `must be at least the RPO, ${rpo}`)] : [];
}

/** A claim that only reads: what it reads belongs to another, which says how that is backed up. */
function isReader({ value }: KubeObject): boolean {
  const modes = peek(value, "spec", "accessModes");
  return Array.isArray(modes) && modes.length > 0 && modes.every((mode) => mode === "ReadOnlyMany");
}

function isStateless({ value }: KubeObject): boolean {
  const templates = peek(value, "spec", "volumeClaimTemplates");
  return templates === undefined || (Array.isArray(templates) && templates.length === 0);
}
