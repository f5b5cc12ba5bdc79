import { expect } from "chai";
import { cgroupName, chooseSubnet, clusterId, interfaceName, overlaps } from "../../tools/cluster/names";
import { pathOf } from "../../tools/cluster/api";
import { folderOf } from "../../tools/cluster/state";
import { UserError } from "../../tools/lib/errors";

describe("names of an embedded cluster", () => {
  it("follow from its folder, so that two clones and two clusters differ", () => {
    const ids = ["/a/.state/clusters/dev", "/b/.state/clusters/dev", "/a/.state/clusters/test"].map(clusterId);
    expect(new Set(ids).size).to.equal(3);
    expect(clusterId("/a/.state/clusters/dev")).to.equal(ids[0]);
  });

  it("are allowed by Linux: at most 15 characters for an interface", () => {
    expect(interfaceName(clusterId("/x")).length).to.be.at.most(15);
    expect(cgroupName("0a1b2c3d")).to.equal("/oap-0a1b2c3d");
  });

  it("refuse a cluster name that is no DNS label", () => {
    for (const name of ["", "Dev", "a/b", "..", "-a", "a-", "a".repeat(41)]) expect(() => folderOf(name), name).to.throw(UserError, "is not allowed");
  });
});

describe("the subnet of a real cluster", () => {
  it("is a /30 of 198.18.0.0/15 with the host's and the node's address", () => {
    expect(chooseSubnet("00000001", [])).to.deep.equal({ cidr: "198.18.0.4/30", host: "198.18.0.5", node: "198.18.0.6" });
    expect(chooseSubnet("00007fff", [])).to.deep.equal({ cidr: "198.19.255.252/30", host: "198.19.255.253", node: "198.19.255.254" });
  });

  it("is the same each time, and another for another cluster", () => {
    expect(chooseSubnet("12345678", [])).to.deep.equal(chooseSubnet("12345678", []));
    expect(chooseSubnet("12345678", []).cidr).to.not.equal(chooseSubnet("12345679", []).cidr);
  });

  it("moves on from what the host uses, round the end", () => {
    expect(chooseSubnet("00000000", ["198.18.0.0/30", "198.18.0.4/31"]).cidr).to.equal("198.18.0.8/30");
    expect(chooseSubnet("00007fff", ["198.19.255.0/24"]).cidr).to.equal("198.18.0.0/30");
  });

  it("does not mind routes that lead everywhere", () => {
    expect(chooseSubnet("00000000", ["0.0.0.0/0", "198.18.0.0/15", "10.0.0.0/8"]).cidr).to.equal("198.18.0.0/30");
  });

  it("is an error with the fix where all are taken", () => {
    expect(() => chooseSubnet("00000000", ["198.18.0.0/16", "198.19.0.0/16"])).to.throw(UserError, "no free network");
  });

  it("knows when networks overlap", () => {
    expect(overlaps("198.18.0.0/30", "198.18.0.2")).to.equal(true);
    expect(overlaps("198.18.0.0/30", "198.18.0.4/30")).to.equal(false);
    expect(overlaps("198.18.0.0/16", "198.18.200.4/30")).to.equal(true);
  });
});

describe("paths of the API", () => {
  for (const [apiVersion, kind, path] of [
    ["v1", "ConfigMap", "/api/v1/namespaces/ns/configmaps/x"],
    ["v1", "Node", "/api/v1/nodes/x"],
    ["storage.k8s.io/v1", "StorageClass", "/apis/storage.k8s.io/v1/storageclasses/x"],
    ["admissionregistration.k8s.io/v1", "MutatingAdmissionPolicy", "/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicies/x"],
    ["gateway.networking.k8s.io/v1", "Gateway", "/apis/gateway.networking.k8s.io/v1/namespaces/ns/gateways/x"],
  ] as const) {
    it(`of a ${kind}`, () => expect(pathOf({ apiVersion, kind, metadata: { name: "x", namespace: "ns" } })).to.equal(path));
  }
});
