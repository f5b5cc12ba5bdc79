import { expect } from "chai";
import { X509Certificate, createPrivateKey, createPublicKey } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ensureCertificates, type Subject } from "../../tools/cluster/certificates";
import { ensurePki, kubeconfigOf, pkiDir, subjectsOf } from "../../tools/cluster/pki";

const day = 24 * 60 * 60 * 1000;
const server: Subject = { file: "server", authority: "ca", commonName: "server", usage: "server", names: ["localhost", "127.0.0.1"] };

describe("certificates of an embedded cluster", () => {
  let dir: string;
  const read = (file: string) => new X509Certificate(readFileSync(join(dir, `${file}.crt`)));
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), "oap-pki-"))));
  afterEach(() => rmSync(dir, { recursive: true }));

  it("are ECDSA, for a year, with exactly the names and use asked for, signed by their authority", async () => {
    await ensureCertificates(dir, [server, { file: "client", authority: "ca", commonName: "system:kube-scheduler", organization: "a-group", usage: "client" }]);
    const [authority, certificate, client] = [read("ca"), read("server"), read("client")];
    expect([authority.ca, certificate.ca]).to.deep.equal([true, false]);
    expect(certificate.verify(authority.publicKey)).to.equal(true);
    expect(certificate.publicKey.asymmetricKeyDetails?.namedCurve).to.equal("prime256v1");
    expect(certificate.subjectAltName).to.equal("DNS:localhost, IP Address:127.0.0.1");
    expect([certificate.keyUsage, client.keyUsage]).to.deep.equal([["1.3.6.1.5.5.7.3.1"], ["1.3.6.1.5.5.7.3.2"]]);
    expect(client.subject).to.equal("O=a-group\nCN=system:kube-scheduler");
    expect(Math.round((Date.parse(certificate.validTo) - Date.now()) / day)).to.equal(365);
    expect(certificate.checkPrivateKey(createPrivateKey(readFileSync(join(dir, "server.key"))))).to.equal(true);
  });

  it("have keys that only the owner reads", async () => {
    await ensureCertificates(dir, [server]);
    for (const file of readdirSync(dir).filter((name) => name.endsWith(".key"))) expect(statSync(join(dir, file)).mode & 0o777, file).to.equal(0o600);
  });

  it("stay as long as they fit, and are renewed in the last 30 days, under the same authority", async () => {
    await ensureCertificates(dir, [server]);
    const first = read("server").serialNumber;
    await ensureCertificates(dir, [server], new Date(Date.now() + 334 * day));
    expect(read("server").serialNumber).to.equal(first);
    const authority = read("ca").serialNumber;
    await ensureCertificates(dir, [server], new Date(Date.now() + 336 * day));
    expect(read("server").serialNumber).to.not.equal(first);
    expect(read("ca").serialNumber).to.equal(authority);
  });

  it("are made anew for another name, for another authority, and when a file is broken", async () => {
    await ensureCertificates(dir, [server]);
    let last = read("server").serialNumber;
    const changed = async (subject: Subject) => {
      await ensureCertificates(dir, [subject]);
      const now = read("server").serialNumber;
      expect(now).to.not.equal(last);
      last = now;
    };
    const moved = { ...server, names: ["localhost", "198.18.0.2"] };
    await changed(moved);
    writeFileSync(join(dir, "server.crt"), "half a cert");
    await changed(moved);
    rmSync(join(dir, "ca.key"));
    await changed(moved);
    expect(read("server").verify(read("ca").publicKey)).to.equal(true);
  });
});

describe("identities of an embedded cluster", () => {
  const options = { server: "https://198.18.0.2:6443", address: "198.18.0.2", context: "oap-dev", features: ["real", "openshift"] as const };

  it("differ for every component, and only the user is an administrator", () => {
    const subjects = subjectsOf(options);
    expect(subjects.filter((subject) => subject.organization === "system:masters").map((subject) => subject.file)).to.deep.equal(["admin"]);
    const clients = subjects.filter((subject) => subject.usage === "client").map((subject) => subject.commonName);
    expect(new Set(clients).size).to.equal(clients.length);
    expect(clients).to.include.members([
      "system:kube-scheduler",
      "system:kube-controller-manager",
      "system:kube-proxy",
      "system:node:node1",
      "openshift-namespaces",
    ]);
    expect(subjects.filter((subject) => subject.authority === "etcd-ca").map((subject) => subject.file)).to.deep.equal(["etcd", "kube-apiserver-etcd-client"]);
  });

  it("are made for what runs only", () => {
    const files = subjectsOf({ address: "127.0.0.1", features: ["simulated"] }).map((subject) => subject.file);
    expect(files).to.include("kwok").and.not.include.members(["kubelet", "kube-proxy", "openshift-namespaces"]);
  });

  it("have a kubeconfig each: the user's stands alone, a component's names its files", async () => {
    const dir = mkdtempSync(join(tmpdir(), "oap-pki-"));
    try {
      await ensurePki(dir, options);
      type Config = {
        readonly clusters: readonly [{ readonly cluster: Record<string, string> }];
        readonly users: readonly [{ readonly user: Record<string, string> }];
        readonly "current-context": string;
      };
      const config = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Config;
      const user = config(join(dir, "kubeconfig"));
      expect(user["current-context"]).to.equal("oap-dev");
      expect(user.clusters[0].cluster.server).to.equal(options.server);
      expect(Buffer.from(user.users[0].user["client-certificate-data"] ?? "", "base64").toString()).to.equal(
        readFileSync(join(pkiDir(dir), "admin.crt"), "utf8"),
      );
      expect(config(kubeconfigOf(dir, "kube-scheduler")).users[0].user).to.deep.equal({
        "client-certificate": join(pkiDir(dir), "kube-scheduler.crt"),
        "client-key": join(pkiDir(dir), "kube-scheduler.key"),
      });
      for (const file of [
        join(dir, "kubeconfig"),
        kubeconfigOf(dir, "kubelet"),
        join(dir, "config/encryption.json"),
        join(pkiDir(dir), "service-accounts.key"),
      ]) {
        expect(statSync(file).mode & 0o777, file).to.equal(0o600);
      }
      expect(createPublicKey(readFileSync(join(pkiDir(dir), "service-accounts.pub"))).asymmetricKeyType).to.equal("ec");
      const before = readFileSync(join(dir, "config/encryption.json"), "utf8");
      await ensurePki(dir, options);
      expect(readFileSync(join(dir, "config/encryption.json"), "utf8")).to.equal(before);
    } finally {
      rmSync(dir, { recursive: true });
    }
  });
});
