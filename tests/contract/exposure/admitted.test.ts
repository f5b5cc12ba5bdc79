/** What Exposure makes is taken by the API servers of both platforms with the kinds of their own projects, and is then what the program says: nothing to change after a refresh. */
import { expect } from "chai";
import { join } from "node:path";
import { removeCluster, startCluster, type Cluster, type Platform } from "../../../tools/cluster";
import { read, testName } from "../cluster/support";
import { openProgram, type Program } from "../serving/program";
import { host, namespace, selfSigned } from "./support";

const kinds = { openshift: ["route", "role", "rolebinding"], kubernetes: ["httproute", "referencegrant"] } as const satisfies Readonly<
  Record<Platform, readonly string[]>
>;

for (const platform of ["openshift", "kubernetes"] as const) {
  describe(`an exposure on ${platform}`, function () {
    this.timeout(600_000);
    let cluster: Cluster;
    let program: Program | undefined;
    const certificate = selfSigned();
    const env = {
      CONTRACT_PLATFORM: platform,
      CONTRACT_IMAGE: "registry.example.com/web:1",
      CONTRACT_CERTIFICATE: certificate.cert,
      CONTRACT_KEY: certificate.key,
    };

    before(async () => {
      cluster = await startCluster({ name: testName(`exposed-${platform}`), platform, flavor: "simulated", nodes: 1 });
      program = await openProgram(join(__dirname, "programs/exposed"), cluster);
    });
    after(async () => {
      program?.remove();
      await removeCluster(cluster);
    });
    const succeeds = async (...args: readonly string[]) => {
      if (!program) throw new Error("no program");
      const { code, stdout, stderr } = await program.pulumi(args, env);
      expect(code, `${stdout}\n${stderr}`).to.equal(0);
      return stdout;
    };

    it("is admitted, without a warning", async () => {
      expect(await succeeds("up", "--yes", "--skip-preview")).not.to.match(/warning: (?!using pulumi-language-nodejs)/);
      for (const kind of kinds[platform]) {
        const { items } = await read<{ items: readonly unknown[] }>(cluster, kind, "-n", namespace);
        expect(items, kind).to.have.length(kind === "httproute" ? 2 : 1);
      }
    });

    it("is as the program says", async () => {
      await succeeds("preview", "--refresh", "--expect-no-changes");
    });

    if (platform === "openshift") {
      it("lets the router read the certificate, and no other Secret", async () => {
        const can = async (secret: string) => {
          const who = ["--as", "system:serviceaccount:openshift-ingress:router", "-n", namespace];
          return (await cluster.kubectl(["auth", "can-i", "get", `secret/${secret}`, ...who], { allowFailure: true })).stdout.trim();
        };
        expect([await can("web-certificate"), await can("another")]).to.deep.equal(["yes", "no"]);
        const route = await read<{ spec: { host: string; tls: object } }>(cluster, "route", "web", "-n", namespace);
        expect(route.spec).to.deep.include({
          host,
          tls: { termination: "edge", insecureEdgeTerminationPolicy: "Redirect", externalCertificate: { name: "web-certificate" } },
        });
      });
    }

    it("goes with the stack", async () => {
      await succeeds("destroy", "--yes", "--skip-preview");
      expect((await cluster.kubectl(["get", kinds[platform][0], "-A", "-o", "name"])).stdout).to.equal("");
    });
  });
}
