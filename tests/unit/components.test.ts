import { expect } from "chai";
import { labelsOf, ownerLabel, ownerOf } from "../../components/common/labels";
import { dnsLabel, labelValue, shortHash } from "../../components/common/names";
import { Platform } from "../../components/platform";
import { config, reference, type Fields } from "./support/config";
import { owner } from "./support/context";
import { deploy, type Deployed } from "./support/mocks";
import { podTemplates, violations } from "./support/pods";

function platform(fields: Fields = {}): Promise<Deployed> {
  return deploy((opts) => new Platform("platform", { config: config(fields), images: reference, owner, retained: { retainOnDelete: true } }, opts));
}

interface Metadata {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
const metadata = (inputs: Readonly<Record<string, unknown>>) => inputs.metadata as Metadata;

for (const name of ["openshift", "kubernetes"] as const) {
  describe(`the platform on ${name}`, () => {
    let made: Deployed;
    before(async () => {
      made = await platform({ platform: name });
    });
    const objects = () => made.resources.filter(({ type }) => type.startsWith("kubernetes:"));

    it("makes nothing that is public, and no secret", () => {
      expect(objects().filter(({ type }) => /:(Route|HTTPRoute|Ingress|Gateway|Secret)$/.test(type))).to.deep.equal([]);
      for (const { inputs } of made.all("Service")) expect(inputs).to.have.nested.property("spec.type", "ClusterIP");
    });

    it("labels every object with its owner and the recommended labels", () => {
      for (const { type, inputs } of objects()) {
        expect(metadata(inputs).labels, type).to.include({
          [ownerLabel]: owner,
          "app.kubernetes.io/part-of": "openshift-ai-platform",
          "app.kubernetes.io/managed-by": "pulumi",
        });
        expect(metadata(inputs).labels, type).to.include.keys("app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/instance");
        for (const value of Object.values(metadata(inputs).labels)) expect(value).to.match(/^([A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?)?$/);
      }
    });

    it("gives every object an explicit name", () => {
      for (const { type, inputs } of objects()) expect(metadata(inputs).name, type).to.match(/^[a-z0-9]([a-z0-9.:-]{0,251}[a-z0-9])?$/);
    });

    it("runs nothing that the restricted Pod Security Standard refuses, all under its owner's label", () => {
      const templates = podTemplates(made);
      expect(templates).not.to.deep.equal([]);
      for (const [of, template] of templates) {
        expect(violations(template), of).to.deep.equal([]);
        expect(template.metadata.labels, of).to.include({ [ownerLabel]: owner });
      }
    });

    it("keeps namespaces and claims when it goes, each under the owner's name as field manager, and nothing that runs", () => {
      const kept = made.resources.filter(({ options }) => options.retainOnDelete);
      expect(new Set(kept.map(({ type }) => type.split(":").at(-1)))).to.include.keys("Namespace", "PersistentVolumeClaim");
      for (const { inputs, type } of kept) expect(metadata(inputs).annotations, type).to.include({ "pulumi.com/patchFieldManager": owner });
      for (const kind of ["Deployment", "Job", "Service", "ConfigMap"]) expect(kept.filter(({ type }) => type.endsWith(`:${kind}`))).to.deep.equal([]);
    });
  });
}

describe("the smoke check", () => {
  it("is left out where nodes are simulated", async () => {
    expect((await platform({ smokeCheck: false })).counts()).not.to.have.property("SmokeCheck");
  });
});

describe("what a site has", () => {
  it("reaches every pod", async () => {
    const made = await platform({
      network: {
        proxy: { url: "http://proxy.example.com:3128", addresses: ["10.20.0.5/32"] },
        trustedCA: "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
      },
      registry: { pullSecret: "registry-pull" },
      secrets: { source: "external" },
    });
    for (const [of, { spec }] of podTemplates(made)) {
      expect(spec.imagePullSecrets, of).to.deep.equal([{ name: "registry-pull" }]);
      for (const { env = [] } of [...(spec.initContainers ?? []), ...spec.containers]) {
        expect(
          env.map(({ name }) => name),
          of,
        ).to.include.members(["HTTPS_PROXY", "no_proxy", "SSL_CERT_DIR"]);
      }
    }
  });
});

describe("names", () => {
  it("that are labels already stay as they are", () => {
    expect(dnsLabel("load", "tiny")).to.equal("load-tiny");
    expect(labelValue("openshift-ai-platform.dev")).to.equal("openshift-ai-platform.dev");
  });

  it("that had to change differ where the originals did", () => {
    expect(dnsLabel("a_b")).to.match(/^a-b-[0-9a-f]{8}$/);
    expect(new Set(["a_b", "a.b", "a-b", "A-B"].map((name) => dnsLabel(name))).size).to.equal(4);
    expect(labelValue("tiny:1")).to.match(/^tiny-1-[0-9a-f]{8}$/);
  });

  it("are labels whatever they come from", () => {
    let seed = 7;
    const random = (n: number) => (seed = (seed * 48271) % 2147483647) % n;
    for (let i = 0; i < 500; i++) {
      const text = Array.from({ length: random(100) + 1 }, () => String.fromCharCode(32 + random(200))).join("");
      expect(dnsLabel(text), text).to.match(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
      expect(labelValue(text), text).to.match(/^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/);
    }
  });

  it("are the same for the same content", () => {
    expect(shortHash({ a: 1 }))
      .to.equal(shortHash({ a: 1 }))
      .and.not.equal(shortHash({ a: 2 }));
  });

  it("of owners are the project and the stack", () => {
    expect(ownerOf("openshift-ai-platform", "dev")).to.equal(owner);
    expect(labelsOf(owner, { name: "n", component: "c", instance: "i" })).to.include({ [ownerLabel]: owner });
  });
});
