import { expect } from "chai";
import { UserError } from "../../tools/lib/errors";
import type { ExecResult } from "../../tools/lib/exec";
import { refuseProjectsOfOthers, requireManager } from "../../tools/stack/sharing";
import type { Configuration } from "../../tools/stack/embedded";
import { trackedConfiguration, type Workspace } from "../../tools/stack/workspace";

/** The stack `production` of the tracked file, on a cluster that answers every question with `stdout`. */
function workspace(stdout: string, configuration: Configuration = trackedConfiguration("production").config): Workspace {
  const kubectl = (): Promise<ExecResult> => Promise.resolve({ code: 0, stdout, stderr: "" });
  return { stack: "production", configuration, cluster: { name: "shared", kubectl } } as unknown as Workspace;
}

const namespaces = (owners: Readonly<Record<string, string>>) =>
  JSON.stringify({ items: Object.entries(owners).map(([name, owner]) => ({ metadata: { name, labels: { "openshift-ai-platform/owner": owner } } })) });

const own = "openshift-ai-platform.production";
const other = "openshift-ai-platform.old-name";

describe("stacks that share a cluster", () => {
  it("have projects of their own, which an up takes over again", async () => {
    await refuseProjectsOfOthers(workspace(namespaces({ "ai-production": own, "ai-staging": other })));
  });

  it("do not take over another one's, or their own under an old name", async () => {
    const found = workspace(namespaces({ "ai-production": other, "ai-production-ml": other, "ai-infrastructure": own }));
    const error: unknown = await refuseProjectsOfOthers(found).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.equal(
      `this run would create what is there already and not of ${own}: Namespace ai-production (of ${other}), Namespace ai-production-ml (of ${other})`,
    );
    expect((error as UserError).fix).to.match(/renamed, use its old name/);
  });

  it("leave a wrong configuration to the program, which says what is wrong", async () => {
    await refuseProjectsOfOthers(workspace(namespaces({ "ai-production": other }), { environment: "prod" }));
  });

  it("need one of them to manage the cluster", async () => {
    await requireManager(workspace("priorityclass.scheduling.k8s.io/ai-serving").cluster);
    const error: unknown = await requireManager(workspace("").cluster).catch((reason: unknown) => reason);
    expect(error).to.be.instanceOf(UserError);
    expect((error as UserError).message).to.match(/^CLUSTER=shared: no stack manages this cluster/);
  });
});
