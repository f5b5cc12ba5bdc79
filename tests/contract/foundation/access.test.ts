import { expect } from "chai";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { profileOf } from "../../../components/common/platform";
import { Access } from "../../../components/foundation/access";
import { roleNames, type ProjectKind, type RoleName } from "../../../stacks/access";
import type { ProjectPlan } from "../../../stacks/projects";
import { read, write } from "../../../stacks/rules";
import type { Cluster } from "../../../tools/cluster";
import { apiOf, type Api } from "../../../tools/cluster/api";
import { powers, pullSecret } from "../../../tools/docs/access";
import { root } from "../../../tools/lib/paths";
import { deploy } from "../../unit/support/mocks";
import { apply, read as readObject } from "../cluster/support";
import { testCluster } from "../plugins/support";

/** `resource` or `resource.group`, with a subresource after a slash → verbs of each role. */
type Rows = ReadonlyMap<string, Readonly<Record<string, readonly string[]>>>;
interface Section {
  readonly all: Rows;
  readonly named: Rows;
}

/** The tables of docs/access.md as people read them. @param leftOut mark of rows that do not hold on this platform */
function documented(title: RegExp, leftOut: string): Section {
  const section = readFileSync(join(root, "docs/access.md"), "utf8")
    .split(/^## /m)
    .find((part) => title.test(part));
  if (section === undefined) throw new Error(`docs/access.md has no section ${title}`);
  const [all = "", named = ""] = section.split("By name only:");
  return { all: rowsOf(all, leftOut), named: rowsOf(named, leftOut) };
}

function rowsOf(text: string, leftOut: string): Rows {
  const [head = [], , ...rows] = text
    .split("\n")
    .filter((line) => line.startsWith("|"))
    .map((line) =>
      line
        .slice(1, -1)
        .split("|")
        .map((cell) => cell.trim()),
    );
  const verbs = (cell = "–") => (cell === "–" ? [] : cell.split(", ").flatMap((word) => (word === "read" ? read : word === "write" ? write : [word])));
  return new Map(
    rows
      .filter(([key = ""]) => !key.endsWith(`(${leftOut})`))
      .map(([key = "", ...cells]) => [key.replace(/ \(.*\)$/, ""), Object.fromEntries(head.slice(1).map((role, i) => [role, verbs(cells[i])]))]),
  );
}

interface Subject {
  readonly user: string;
  readonly groups: readonly string[];
}
interface Question {
  readonly namespace?: string;
  readonly verb: string;
  readonly key: string;
  readonly name?: string;
}

const verbs = [...read, ...write, "deletecollection"];
const titles: Readonly<Record<ProjectKind, RegExp>> = { platform: /^The platform's/, infrastructure: /^`ai-infra/, team: /^Projects of teams/ };
const access = {
  platformAdmins: ["ai-admins"],
  operators: ["ai-operators"],
  dataScientists: ["ai-scientists"],
  developers: ["ai-developers"],
  viewers: ["ai-viewers"],
};
const groups: Readonly<Record<Exclude<RoleName, "ci">, string>> = {
  "platform-admin": "ai-admins",
  operator: "ai-operators",
  "data-scientist": "ai-scientists",
  developer: "ai-developers",
  viewer: "ai-viewers",
};
const member = (group: string): Subject => ({ user: "somebody", groups: [group, "system:authenticated"] });
const quota = { cpu: "1", memory: "1Gi", memoryLimit: "2Gi", gpus: 0, storage: "1Gi", claims: 1, pods: 1 };

describe("rights in the projects, as the API server answers", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let api: Api;
  const made: string[] = [];

  /** Whether the API server would let somebody do that. */
  const may = async ({ user, groups: of }: Subject, { namespace, verb, key, name }: Question): Promise<boolean> => {
    const [, path = "", group = ""] = /^([^.]+)\.?(.*)$/.exec(key) ?? [];
    const [resource, subresource] = path.split("/");
    const resourceAttributes = {
      verb,
      group,
      resource,
      ...(subresource ? { subresource } : {}),
      ...(namespace ? { namespace } : {}),
      ...(name ? { name } : {}),
    };
    const review = { apiVersion: "authorization.k8s.io/v1", kind: "SubjectAccessReview", spec: { user, groups: of, resourceAttributes } };
    const { status, text } = await api.call("POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review);
    if (status !== 201) throw new Error(text);
    return (JSON.parse(text) as { status: { allowed?: boolean } }).status.allowed === true;
  };
  /** All that differs from what is expected, as sentences; empty when nothing does. */
  const wrong = async (subjects: readonly (readonly [string, Subject])[], questions: readonly Question[], expected: (role: string, q: Question) => boolean) => {
    const asked = subjects.flatMap(([role, subject]) => questions.map((question) => ({ role, subject, question })));
    const answers = await Promise.all(asked.map(async (one) => ({ ...one, allowed: await may(one.subject, one.question) })));
    return answers
      .filter(({ role, question, allowed }) => allowed !== expected(role, question))
      .map(
        ({ role, question: { verb, key, name, namespace }, allowed }) =>
          `${role} may ${allowed ? "" : "not "}${verb} ${key} ${name ?? ""} in ${namespace ?? "all"}`,
      );
  };

  before(async () => {
    cluster = await testCluster();
    const { clusters = [] } = JSON.parse((await cluster.kubectl(["config", "view", "-o", "json"])).stdout) as { clusters: { cluster: { server: string } }[] };
    api = apiOf(clusters[0]?.cluster.server ?? "", join(cluster.dir, "pki"));
  });
  after(async () => {
    api.close();
    await cluster.kubectl(["delete", ...made, "--ignore-not-found", "--wait=false"]);
  });

  for (const [platform, environment, other] of [
    ["openshift", "development", "Kubernetes"],
    ["kubernetes", "staging", "OpenShift"],
  ] as const) {
    describe(platform, () => {
      const ci: Subject = { user: `system:serviceaccount:ai-${environment}:ci`, groups: ["system:serviceaccounts", "system:authenticated"] };
      const subjects = [
        ...Object.entries(groups).map(([role, group]) => [role, member(group)] as const),
        ["ci", ci] as const,
        ["team of another project", member("other-people")] as const,
        ["nobody", member("strangers")] as const,
      ];
      const projects: Readonly<Record<ProjectKind, string>> = {
        platform: `ai-${environment}`,
        infrastructure: `ai-infrastructure-${platform}`,
        team: `ai-${environment}-ml`,
      };

      before(async () => {
        const context = {
          profile: profileOf(platform),
          owner: "openshift-ai-platform.test",
          site: { gpuResource: "nvidia.com/gpu", trustedCA: false, pullSecret: pullSecret.toLowerCase() },
          retained: {},
        };
        const team = (name: string) => ({ name, group: `${name}-people`, quota: { cpu: "1", memory: "1Gi", gpus: 0, storage: "1Gi" }, models: [] });
        for (const [kind, namespace] of Object.entries(projects) as [ProjectKind, string][]) {
          const plan: ProjectPlan = { key: kind, namespace, kind, quota, teams: kind === "team" ? [team("ml")] : [], costCentre: "ai-platform" };
          const { resources } = await deploy((opts) => new Access(namespace, { context, environment, namespace, plan, access, managesPullSecret: true }, opts));
          const objects = resources.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
          const { code, stderr } = await apply(cluster, { apiVersion: "v1", kind: "Namespace", metadata: { name: namespace } }, ...objects);
          expect(code, stderr).to.equal(0);
          made.push(`namespace/${namespace}`);
        }
        made.push(`clusterrole/ai-${environment}-ci`, `clusterrolebinding/ai-${environment}-ci`);
      });

      for (const [kind, namespace] of Object.entries(projects) as [ProjectKind, string][]) {
        it(`are those of the table for every group, verb and resource: ${kind}`, async () => {
          const { all } = documented(titles[kind], other);
          expect(all.size).to.be.greaterThan(30);
          const questions = [...all.keys()].flatMap((key) => verbs.map((verb) => ({ namespace, verb, key })));
          expect(await wrong(subjects, questions, (role, { key, verb }) => (all.get(key)?.[role] ?? []).includes(verb))).to.deep.equal([]);
        });

        it(`to objects of one name are those of the table: ${kind}`, async () => {
          const { all, named } = documented(titles[kind], other);
          const rows = [...named].map(([row, cells]) => ({ key: row.split(" ")[0] ?? "", name: (row.split(" ")[1] ?? "").toLowerCase(), cells }));
          expect(rows.map(({ name }) => name)).to.include("pull-secret");
          for (const { key, name, cells } of rows) {
            const questions = [name, "another"].flatMap((one) => verbs.map((verb) => ({ namespace, verb, key, name: one })));
            const expected = (role: string, question: Question) =>
              (all.get(key)?.[role] ?? []).includes(question.verb) || (question.name === name && (cells[role] ?? []).includes(question.verb));
            expect(await wrong(subjects, questions, expected)).to.deep.equal([]);
          }
        });

        it(`do not include powers over rights and people: ${kind}`, async () => {
          const questions = Object.entries(powers).flatMap(([verb, keys]) =>
            keys.flatMap((key) => [
              { namespace, verb, key },
              { verb, key },
            ]),
          );
          expect(await wrong(subjects, questions, () => false)).to.deep.equal([]);
        });
      }

      it("of the whole cluster are those of the table", async () => {
        const { all } = documented(/^The whole cluster/, other);
        const questions = [...all.keys()].flatMap((key) => verbs.map((verb) => ({ verb, key })));
        expect(await wrong(subjects, questions, (role, { key, verb }) => (all.get(key)?.[role] ?? []).includes(verb))).to.deep.equal([]);
      });

      it("make the members of a team developers of its project, and of no other", async () => {
        const team = member("ml-people");
        expect(await may(team, { namespace: projects.team, verb: "create", key: "deployments.apps" })).to.equal(true);
        expect(await may(team, { namespace: projects.team, verb: "get", key: "secrets" })).to.equal(false);
        for (const namespace of [projects.platform, projects.infrastructure]) {
          expect(await may(team, { namespace, verb: "get", key: "pods" }), namespace).to.equal(false);
        }
      });

      it("let platform admins bind the platform's roles, and nothing that they may not do themselves", async () => {
        const admin = (...args: readonly string[]) =>
          cluster.kubectl(["--as=somebody", "--as-group=ai-admins", "--as-group=system:authenticated", "-n", projects.team, ...args], { allowFailure: true });
        for (const role of roleNames.filter((one) => one !== "platform-admin")) {
          const { code, stderr } = await admin("create", "rolebinding", `more-${role}`, `--role=ai-${role}`, "--group=newcomers");
          expect(code, stderr).to.equal(0);
        }
        for (const role of ["cluster-admin", "admin"]) {
          const { code, stderr } = await admin("create", "rolebinding", `more-${role}`, `--clusterrole=${role}`, "--group=newcomers");
          expect(code).not.to.equal(0);
          expect(stderr).to.match(/not currently held|forbidden/i);
        }
        expect((await admin("create", "role", "mine", "--verb=get", "--resource=pods")).stderr).to.match(/forbidden/i);
        expect((await admin("patch", "role", "ai-viewer", "--type=merge", "-p", '{"rules":[]}')).stderr).to.match(/forbidden/i);
      });

      it("come without a lasting token: the account of pipelines has no Secret", async () => {
        const { stdout } = await cluster.kubectl(["get", "secrets", "-n", projects.platform, "-o", "name"]);
        expect(stdout).to.equal("");
        const account = await readObject<object>(cluster, "serviceaccount", "ci", "-n", projects.platform);
        expect(account).to.have.property("automountServiceAccountToken", false);
      });
    });
  }
});
