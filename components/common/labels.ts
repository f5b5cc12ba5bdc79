/** Labels that every object carries. Pure: tools read them too. */
import { labelValue } from "./names";

/** Who made an object: one stack of one project. */
export const ownerLabel = "openshift-ai-platform/owner";

/** Value of the owner label. */
export function ownerOf(project: string, stack: string): string {
  return labelValue(`${project}.${stack}`);
}

export const partOf = "openshift-ai-platform";

/** Which part of the platform an object is: `name` is the software, `component` its role, `instance` tells several of the same apart. */
export interface Part {
  readonly name: string;
  readonly component: string;
  readonly instance: string;
}

/** All labels of an object. */
export function labelsOf(owner: string, part: Part): Record<string, string> {
  return { ...selectorOf(part), "app.kubernetes.io/part-of": partOf, "app.kubernetes.io/managed-by": "pulumi", [ownerLabel]: owner };
}

/** The labels that tell the pods of a part from all others: selectors of workloads can't be changed, so these never do. */
export function selectorOf(part: Part): Record<string, string> {
  return {
    "app.kubernetes.io/name": labelValue(part.name),
    "app.kubernetes.io/component": labelValue(part.component),
    "app.kubernetes.io/instance": labelValue(part.instance),
  };
}

/** What a project is for: `platform`, `infrastructure` or `team`. */
export const projectKindLabel = "openshift-ai-platform/project";

/** The environment that a project belongs to; `shared` on what belongs to the cluster. */
export const environmentLabel = "openshift-ai-platform/environment";

/** Stands on a Secret with the password of a database's role: its value is the role, and one workload uses it. */
export const databaseRoleLabel = "openshift-ai-platform/database-role";

/** Who pays for a project. */
export const costCentreLabel = "openshift-ai-platform/cost-centre";

/** Annotation of a StorageClass or a volume: what encrypts it at rest. */
const encryptionAnnotation = "openshift-ai-platform/encryption-at-rest";

export function encryptionAnnotations(encryption: string | undefined): Record<string, string> {
  return encryption === undefined ? {} : { [encryptionAnnotation]: encryption };
}

/** Annotation of a project: what it may cost a month, in the currency of the site's reports. */
export const monthlyBudgetAnnotation = "openshift-ai-platform/monthly-budget";

/** Stands on the projects of a team; several teams may share one. */
export function teamLabel(team: string): string {
  return `openshift-ai-platform/team-${team}`;
}
