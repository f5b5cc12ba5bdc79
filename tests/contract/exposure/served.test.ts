/** A real controller of the Gateway API serves what Exposure makes: by HTTPS, under the certificate of the project's Secret, and plain HTTP is sent there. */
import { expect } from "chai";
import { join } from "node:path";
import { canRunReal, removeCluster, startCluster, type Cluster } from "../../../tools/cluster";
import { apply, eventually, testName } from "../cluster/support";
import { openProgram, type Program } from "../serving/program";
import { ask, forwarded, gatewayOf, host, namespace, selfSigned } from "./support";

// Elsewhere that it is admitted is all that can be shown: admitted.test.ts.
if (canRunReal() === undefined) {
  describe("an exposure that is served by Traefik", function () {
    this.timeout(600_000);
    let cluster: Cluster;
    let program: Program | undefined;
    const certificate = selfSigned();

    before(async () => {
      cluster = await startCluster({ name: testName("served"), platform: "kubernetes", flavor: "real" });
      expect((await apply(cluster, ...gatewayOf("traefik"))).stderr).to.equal("");
      program = await openProgram(join(__dirname, "programs/exposed"), cluster);
      const image = (await cluster.ctr(["images", "ls", "-q"])).stdout.split("\n").find((reference) => reference.includes("busybox:")) ?? "";
      const env = { CONTRACT_PLATFORM: "kubernetes", CONTRACT_IMAGE: image, CONTRACT_CERTIFICATE: certificate.cert, CONTRACT_KEY: certificate.key };
      const { code, stdout } = await program.pulumi(["up", "--yes", "--skip-preview"], env);
      expect(code, stdout).to.equal(0);
    });
    after(async () => {
      program?.remove();
      await removeCluster(cluster);
    });
    const traefik = <T>(run: (web: number, websecure: number) => Promise<T>) =>
      forwarded(cluster, "traefik", "kube-system", [80, 443], ([web = 0, websecure = 0]) => run(web, websecure));

    it("answers by HTTPS under its own certificate, and tells browsers to stay there", async () => {
      const answer = await traefik((_, websecure) =>
        eventually("an answer", async () => {
          const got = await ask(websecure, certificate.cert);
          return got.status === 200 && got;
        }),
      );
      expect(answer.body).to.equal("hello\n");
      expect(answer.headers["strict-transport-security"]).to.equal("max-age=31536000");
    });

    it("sends plain HTTP there", async () => {
      const answer = await traefik((web) => ask(web, undefined));
      expect([answer.status, answer.headers.location]).to.deep.equal([301, `https://${host}/`]);
    });

    it("runs in pods that know the site's authorities, and the API server's address as one that needs no proxy", async () => {
      const inPod = async (script: string) => (await cluster.kubectl(["exec", "deployment/web", "-n", namespace, "--", "sh", "-c", script])).stdout;
      expect(await inPod("cat /etc/trusted-ca/ca.crt")).to.equal(certificate.cert);
      const [address = "", ...hosts] = (await inPod('printf %s "$KUBERNETES_SERVICE_HOST,$NO_PROXY"')).split(",");
      expect(address).to.match(/^[0-9.]+$/);
      expect(hosts).to.include.members([".svc", ".example.com", address]);
      expect(await inPod('printf %s "$no_proxy"')).to.equal(hosts.join(","));
    });

    it("is not served any more under a certificate that the Gateway may not read", async () => {
      await cluster.kubectl(["delete", "referencegrant", "web-certificate", "-n", namespace]);
      await traefik((_, websecure) =>
        eventually("the certificate is gone", () =>
          ask(websecure, certificate.cert).then(
            ({ status }) => status !== 200,
            () => true,
          ),
        ),
      );
    });
  });
}
