import * as k8s from "@pulumi/kubernetes";
import * as pulumi from "@pulumi/pulumi";
import { ciAccount, ciClusterRules, groupsOf, roleNames, rolesOf, type RoleName } from "../../stacks/access";
import { namespaceOf, type ProjectPlan } from "../../stacks/projects";
import type { Rule } from "../../stacks/rules";
import type { StackConfig } from "../../stacks/schema";
import { metadataOf, type StackContext } from "../common/context";
import { labelsOf, type Part } from "../common/labels";

export interface AccessArgs {
  readonly context: StackContext;
  readonly environment: StackConfig["environment"];
  /** Name of the namespace, known once it is there. */
  readonly namespace: pulumi.Input<string>;
  readonly plan: ProjectPlan;
  readonly access: StackConfig["access"];
  /** Whether the stack makes the pull secret, which pipelines then have to change; else they get no rights to Secrets. */
  readonly managesPullSecret: boolean;
  /** Names of further Secrets that the stack makes in the project. @default none */
  readonly secrets?: readonly string[];
}

type Subject = k8s.types.input.rbac.v1.Subject;

/** A role of the platform has this name in each project. */
export function roleName(role: RoleName): string {
  return `ai-${role}`;
}

/**
 * Rights in a project: the roles that somebody has, bound to groups, and that of pipelines, bound to the service account `ci` of the platform's project.
 * The component's name is the namespace's. docs/access.md shows who may do what.
 */
export class Access extends pulumi.ComponentResource {
  constructor(name: string, args: AccessArgs, opts?: pulumi.ComponentResourceOptions) {
    super("openshift-ai-platform:foundation:Access", name, {}, opts);
    const { context, environment, namespace, plan } = args;
    const part: Part = { name: "access", component: "foundation", instance: name };
    const account = { kind: "ServiceAccount", name: ciAccount, namespace: namespaceOf(environment, "platform") };

    const roles = rolesOf(plan.kind, {
      platform: context.profile.name,
      pullSecret: args.managesPullSecret ? context.site.pullSecret : undefined,
      secrets: args.secrets ?? [],
    });
    for (const role of roleNames) {
      const rules = roles[role];
      const subjects: Subject[] = role === "ci" ? [account] : groupsOf(role, plan, args.access).map(groupSubject);
      if (rules === undefined || subjects.length === 0) continue;
      const metadata = metadataOf(context, roleName(role), namespace, part);
      const made = new k8s.rbac.v1.Role(`${name}-${role}`, { metadata, rules: rules.map(writable) }, { parent: this });
      const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: made.metadata.name };
      new k8s.rbac.v1.RoleBinding(`${name}-${role}`, { metadata, roleRef, subjects }, { parent: this });
    }
    if (plan.kind === "platform") this.makeAccount(name, args, part, account);

    this.registerOutputs({});
  }

  /** It has no token of its own: pods of pipelines get one that ends with them, others ask for one with `kubectl create token`. */
  private makeAccount(name: string, { context, environment, namespace }: AccessArgs, part: Part, account: Subject): void {
    new k8s.core.v1.ServiceAccount(
      `${name}-ci`,
      { metadata: metadataOf(context, ciAccount, namespace, part), automountServiceAccountToken: false },
      { parent: this },
    );
    const metadata = { name: `${namespaceOf(environment, "platform")}-ci`, labels: labelsOf(context.owner, part) };
    const made = new k8s.rbac.v1.ClusterRole(`${name}-ci`, { metadata, rules: ciClusterRules.map(writable) }, { parent: this });
    const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: made.metadata.name };
    new k8s.rbac.v1.ClusterRoleBinding(`${name}-ci`, { metadata, roleRef, subjects: [account] }, { parent: this });
  }
}

function groupSubject(group: string): Subject {
  return { apiGroup: "rbac.authorization.k8s.io", kind: "Group", name: group };
}

/** As the SDK wants it. */
function writable({ apiGroups, resources, verbs, resourceNames }: Rule): k8s.types.input.rbac.v1.PolicyRule {
  return {
    apiGroups: [...apiGroups],
    resources: [...resources],
    verbs: [...verbs],
    ...(resourceNames === undefined ? {} : { resourceNames: [...resourceNames] }),
  };
}
