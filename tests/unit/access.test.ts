import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { StackContext } from "../../components/common/context";
import { profileOf } from "../../components/common/platform";
import { Access } from "../../components/foundation/access";
import { ciClusterRules, groupsOf, roleNames, rolesOf, type ProjectKind, type RoleName } from "../../stacks/access";
import type { ProjectPlan } from "../../stacks/projects";
import { compact, type Rule } from "../../stacks/rules";
import type { StackConfig } from "../../stacks/schema";
import { accessDocs } from "../../tools/docs/access";
import { root } from "../../tools/lib/paths";
import { deploy } from "./support/mocks";

const kinds: readonly ProjectKind[] = ["platform", "infrastructure", "team"];
const platforms = ["openshift", "kubernetes"] as const;
const pullSecret = "registry-pull";
/** Each role of each kind of project, on both platforms. */
const all = platforms.flatMap((platform) =>
  kinds.flatMap((kind) =>
    Object.entries(rolesOf(kind, { platform, pullSecret })).map(([role, rules]) => ({
      role: role as RoleName,
      kind,
      platform,
      rules,
      of: `${role} in ${kind} on ${platform}`,
    })),
  ),
);

/** `verb resource.group name` for each single right; name is empty for all. */
function rights(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(
    rules.flatMap(({ apiGroups, resources, verbs, resourceNames = [""] }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.flatMap((verb) => resourceNames.map((name) => `${verb} ${resource}.${group} ${name}`))),
      ),
    ),
  );
}
const has = (rules: readonly Rule[], right: string) => rights(rules).has(right) || rights(rules).has(right.replace(/ [^ ]+$/, " "));

describe("roles", () => {
  it("have no wildcards, and no power over rights, people and nodes", () => {
    for (const { rules, of } of all) {
      for (const { apiGroups, resources, verbs } of rules) {
        expect([...apiGroups, ...resources, ...verbs], of).not.to.include("*");
        expect(verbs, of).not.to.include.oneOf(["escalate", "bind", "impersonate", "deletecollection"]);
        expect(
          resources.some((resource) => /^(nodes|users|groups|pods\/attach|pods\/ephemeralcontainers|pods\/proxy)/.test(resource)),
          of,
        ).to.equal(false);
      }
    }
  });

  it("let only platform admins read Secrets, and pipelines the one that they change", () => {
    for (const { role, rules, of } of all.filter((one) => one.role !== "platform-admin")) {
      for (const verb of ["get", "list", "watch", "update", "patch", "delete"]) expect(rights(rules), of).not.to.include(`${verb} secrets. `);
      expect(rights(rules).has(`get secrets. ${pullSecret}`), of).to.equal(role === "ci");
    }
  });

  it("give pipelines no rights to Secrets where the stack makes none", () => {
    for (const kind of kinds) {
      const { ci = [] } = rolesOf(kind, { platform: "openshift" });
      expect(
        [...rights(ci)].filter((right) => right.includes("secrets")),
        kind,
      ).to.deep.equal([]);
    }
  });

  it("open a shell in pods to operators only, and to those who appoint them", () => {
    for (const { role, rules, of } of all) {
      expect(rights(rules).has("create pods/exec. "), of).to.equal(["operator", "platform-admin"].includes(role));
    }
  });

  it("let operators do all that aictl does in a project, with no way to a pod but its Service", () => {
    const needed = [
      ...["pods", "services", "resourcequotas", "events"].map((resource) => `list ${resource}. `),
      ...["deployments", "replicasets"].map((resource) => `list ${resource}.apps `),
      ...["rollouts", "analysisruns"].map((resource) => `list ${resource}.argoproj.io `),
      ...["get", "create"].map((verb) => `${verb} services/proxy. `), // status of replicas, and questions to models
      "list jobs.batch ",
      "patch deployments.apps ",
      "patch rollouts.argoproj.io ",
      "patch rollouts/status.argoproj.io ",
    ];
    for (const { rules, of } of all.filter(({ role }) => role === "operator")) expect([...rights(rules)], of).to.include.members(needed);
  });

  it("of data scientists and developers are in the projects of teams only", () => {
    const where = (name: RoleName) => [...new Set(all.filter(({ role }) => role === name).map(({ kind }) => kind))];
    expect(where("developer")).to.deep.equal(["team"]);
    expect(where("data-scientist")).to.deep.equal(["team"]);
    for (const name of ["platform-admin", "operator", "viewer", "ci"] as const) expect(where(name)).to.deep.equal(kinds);
  });

  it("are all within those of platform admins, who could not bind them otherwise", () => {
    for (const { kind, platform, rules, of } of all) {
      const { "platform-admin": admin = [] } = rolesOf(kind, { platform, pullSecret });
      expect(
        [...rights(rules)].filter((right) => !has(admin, right)),
        of,
      ).to.deep.equal([]);
    }
  });

  it("can be changed by nobody, and bound by platform admins only", () => {
    for (const { role, rules, of } of all) {
      for (const verb of ["create", "update", "patch", "delete"]) {
        expect(rights(rules), of).not.to.include(`${verb} roles.rbac.authorization.k8s.io `);
        expect(rights(rules).has(`${verb} rolebindings.rbac.authorization.k8s.io `), of).to.equal(role === "platform-admin");
      }
    }
  });

  it("let viewers look: not at logs, secrets and rights, and change nothing", () => {
    for (const { rules, of } of all.filter(({ role }) => role === "viewer")) {
      expect(new Set(rules.flatMap(({ verbs }) => verbs)), of).to.deep.equal(new Set(["get", "list", "watch"]));
      expect(
        rules.flatMap(({ resources }) => resources).filter((name) => /secrets|\/|role/.test(name)),
        of,
      ).to.deep.equal([]);
    }
  });

  it("make operators able to change the way in of their platform", () => {
    for (const { platform, rules, of } of all.filter(({ role }) => role === "operator")) {
      expect(rights(rules).has("patch routes.route.openshift.io "), of).to.equal(platform === "openshift");
      expect(rights(rules).has("patch httproutes.gateway.networking.k8s.io "), of).to.equal(platform === "kubernetes");
    }
  });

  it("let pipelines only read outside the projects, object by object", () => {
    expect(new Set(ciClusterRules.flatMap(({ verbs }) => verbs))).to.deep.equal(new Set(["get"]));
    expect(ciClusterRules.flatMap(({ resources }) => resources)).not.to.include.oneOf(["secrets", "nodes/proxy"]);
  });
});

describe("rules", () => {
  it("are merged without a change of what they allow", () => {
    const rules: Rule[] = [
      { apiGroups: [""], resources: ["pods", "services"], verbs: ["get"] },
      { apiGroups: [""], resources: ["pods"], verbs: ["delete", "get"] },
      { apiGroups: ["", "apps"], resources: ["things"], verbs: ["get"], resourceNames: ["one"] },
    ];
    expect(rights(compact(rules))).to.deep.equal(rights(rules));
    expect(compact([rules[1], rules[0]] as Rule[])).to.deep.equal([
      { apiGroups: [""], resources: ["pods"], verbs: ["get", "delete"] },
      { apiGroups: [""], resources: ["services"], verbs: ["get"] },
    ]);
  });
});

const none: StackConfig["access"] = { platformAdmins: [], operators: [], dataScientists: [], developers: [], viewers: [] };
const team = (name: string, group: string) => ({ name, group, quota: { cpu: "1", memory: "1Gi", gpus: 0, storage: "1Gi" }, models: [] });
const quota = { cpu: "1", memory: "1Gi", memoryLimit: "2Gi", gpus: 0, storage: "1Gi", claims: 1, pods: 1 };
const context: StackContext = {
  profile: profileOf("openshift"),
  owner: "openshift-ai-platform.dev",
  site: { gpuResource: "nvidia.com/gpu", trustedCA: false, pullSecret },
  retained: {},
};

function bindings(kind: ProjectKind, access: StackConfig["access"], teams: ProjectPlan["teams"] = []) {
  const namespace = kind === "platform" ? "ai-development" : `ai-development-${kind}`;
  const plan: ProjectPlan = { key: kind, namespace, kind, quota, teams, costCentre: "ai-platform" };
  return deploy((opts) => new Access(namespace, { context, environment: "development", namespace, plan, access, managesPullSecret: true }, opts));
}

describe("access to a project", () => {
  it("is that of pipelines alone where no group is named", async () => {
    const made = await bindings("team", none);
    expect(made.counts()).to.deep.equal({ Access: 1, Role: 1, RoleBinding: 1 });
    expect(made.one("RoleBinding").inputs.subjects).to.deep.equal([{ kind: "ServiceAccount", name: "ci", namespace: "ai-development" }]);
  });

  it("has the account of pipelines in the platform's project, without a token, with reading rights in the cluster", async () => {
    const made = await bindings("platform", none);
    expect(made.counts()).to.deep.equal({ Access: 1, Role: 1, RoleBinding: 1, ServiceAccount: 1, ClusterRole: 1, ClusterRoleBinding: 1 });
    expect(made.one("ServiceAccount").inputs).to.include({ automountServiceAccountToken: false });
    expect(made.one("ClusterRole").inputs).to.have.nested.property("metadata.name", "ai-development-ci");
  });

  it("is given to groups, never to users, by roles that exist", async () => {
    const made = await bindings("team", { ...none, platformAdmins: ["admins"], viewers: ["auditors", "managers"] }, [team("ml", "ml-people")]);
    const roles = made.all("Role").map(({ inputs }) => (inputs.metadata as { name: string }).name);
    expect(roles).to.deep.equal(["ai-platform-admin", "ai-developer", "ai-viewer", "ai-ci"]);
    for (const { inputs } of made.all("RoleBinding")) {
      expect(roles).to.include((inputs.roleRef as { name: string }).name);
      for (const { kind } of inputs.subjects as { kind: string }[]) expect(kind).to.be.oneOf(["Group", "ServiceAccount"]);
    }
    const viewers = made.all("RoleBinding").find(({ name }) => name.endsWith("viewer"));
    expect((viewers?.inputs.subjects as { name: string }[]).map(({ name }) => name)).to.deep.equal(["auditors", "managers"]);
  });

  it("makes a team's group developers in its project, beside the developers of all, each once", () => {
    const plan = { teams: [team("ml", "ml-people"), team("search", "developers")] };
    expect(groupsOf("developer", plan, { ...none, developers: ["developers"] })).to.deep.equal(["developers", "ml-people"]);
    for (const role of roleNames.filter((name) => name !== "developer")) expect(groupsOf(role, plan, none), role).to.deep.equal([]);
  });
});

describe("docs/access.md", () => {
  it("is made from the roles", () => {
    expect(readFileSync(join(root, "docs/access.md"), "utf8")).to.equal(accessDocs());
  });
});
