import { randomBytes } from "node:crypto";
import { expect } from "chai";
import type { Cluster } from "../../../tools/cluster";
import { at, isSecret, makeSecret, plainMap, textAt, UNKNOWN, type ValueMap } from "../../../tools/plugins/lib/values";
import { errorOf, InitError, Plugin, standIns, testCluster, urnOf } from "./support";

const CONFIG_MAP = urnOf("kubernetes:core/v1:ConfigMap", "settings");
const SECRET = urnOf("kubernetes:core/v1:Secret", "credentials");
const DEPLOYMENT = urnOf("kubernetes:apps/v1:Deployment", "web");
const SERVICE = urnOf("kubernetes:core/v1:Service", "web");
const NAMESPACE = urnOf("kubernetes:core/v1:Namespace", "space");

const configMap = (namespace: string, data: ValueMap, metadata: ValueMap = {}): ValueMap => ({
  apiVersion: "v1",
  kind: "ConfigMap",
  metadata: { namespace, ...metadata },
  data,
});
const deployment = (namespace: string, name: string, spec: ValueMap = {}, annotations: ValueMap = {}, pod: ValueMap = {}): ValueMap => ({
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata: { name, namespace, annotations },
  spec: {
    replicas: 1,
    selector: { matchLabels: { app: name } },
    template: {
      metadata: { labels: { app: name } },
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [{ name: "main", image: "example/app:1", resources: { requests: { cpu: "100m", memory: "0.5Gi" } } }],
        ...pod,
      },
    },
    ...spec,
  },
});
/** Simulated nodes are tainted, so that nothing lands there by accident. */
const tolerations: ValueMap = { tolerations: [{ operator: "Exists" }] };

describe("the stand-in of the kubernetes plugin, against an API server", function () {
  this.timeout(600_000);
  let cluster: Cluster;
  let home: Awaited<ReturnType<typeof standIns>>;
  let plugin: Plugin;
  // Of this run, so that what an interrupted one left behind is not in the way.
  const space = `plugin-tests-${randomBytes(3).toString("hex")}`;

  const start = async (config: Readonly<Record<string, string>> = {}, env: NodeJS.ProcessEnv = {}): Promise<Plugin> => {
    const started = await Plugin.start(home.plugins, "kubernetes", { OAP_EMBEDDED_KUBECONFIG: cluster.kubeconfig, OAP_STANDIN_ANY_CLUSTER: "", ...env });
    try {
      await started.configure({
        kubeconfig: cluster.kubeconfig,
        context: cluster.context,
        enableConfigMapMutable: "true",
        enableSecretMutable: "true",
        ...config,
      });
    } catch (error) {
      await started.stop();
      throw error;
    }
    return started;
  };
  /** Check and create, as an `up` does. */
  const make = async (urn: string, news: ValueMap, timeout = 0) => {
    const { inputs } = await plugin.check(urn, news);
    const made = await plugin.create(urn, inputs, { timeout });
    return { inputs, ...made };
  };
  const kubectl = async (...args: string[]): Promise<ValueMap> => JSON.parse((await cluster.kubectl([...args, "-o", "json"])).stdout) as ValueMap;

  before(async function startAll() {
    this.timeout(600_000);
    [cluster, home] = await Promise.all([testCluster(), standIns()]);
    plugin = await start();
    const { inputs } = await plugin.check(NAMESPACE, { apiVersion: "v1", kind: "Namespace", metadata: { name: space } });
    await plugin.create(NAMESPACE, inputs);
  });
  after(async () => {
    await plugin.stop();
    home.remove();
  });
  beforeEach(() => void plugin.calls.splice(0));

  describe("create", () => {
    it("makes the object with one call, names it, and keeps live object and inputs in the state", async () => {
      const { id, state, inputs } = await make(CONFIG_MAP, configMap(space, { a: "1" }));
      expect(id).to.match(new RegExp(`^${space}/settings-[0-9a-f]{8}$`));
      expect(at(inputs, "metadata", "annotations", "pulumi.com/autonamed")).to.equal("true");
      expect(state.__inputs).to.deep.equal(inputs);
      expect(state.__initialApiVersion).to.equal("v1");
      expect(state.__fieldManager).to.match(/^pulumi-kubernetes-[0-9a-f]{8}$/);
      expect(at(state, "metadata", "uid")).to.be.a("string");
      expect(plugin.calls.filter((call) => call.includes("configmaps"))).to.have.length(1);
    });
    it("refuses an object that exists, and says how to adopt it", async () => {
      await make(CONFIG_MAP, configMap(space, {}, { name: "taken" }));
      const error = await errorOf(make(CONFIG_MAP, configMap(space, {}, { name: "taken" })));
      expect(error.message).to.include("already exists").and.include("pulumi import kubernetes:core/v1:ConfigMap").and.include(`${space}/taken`);
    });
    it("takes an existing object over when upsertExistingObjects says so", async () => {
      await make(CONFIG_MAP, configMap(space, { a: "1" }, { name: "upserted" }));
      const upserting = await start({ upsertExistingObjects: "true" });
      try {
        const { inputs } = await upserting.check(CONFIG_MAP, configMap(space, { b: "2" }, { name: "upserted" }));
        const { state } = await upserting.create(CONFIG_MAP, inputs);
        expect(state.data).to.deep.equal({ a: "1", b: "2" });
      } finally {
        await upserting.stop();
      }
    });
    it("puts what names no namespace into the provider's", async () => {
      const { inputs } = await plugin.check(CONFIG_MAP, { apiVersion: "v1", kind: "ConfigMap" });
      expect(at(inputs, "metadata", "namespace")).to.equal("default");
      const role = await plugin.check(urnOf("kubernetes:rbac.authorization.k8s.io/v1:ClusterRole", "r"), {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "ClusterRole",
        metadata: {},
      });
      expect(at(role.inputs, "metadata", "namespace")).to.equal(undefined);
    });
    it("tells the server's reason when an object is invalid", async () => {
      const error = await errorOf(
        make(SERVICE, { apiVersion: "v1", kind: "Service", metadata: { namespace: space, name: "wrong" }, spec: { ports: [{ port: 99999 }] } }),
      );
      expect(error.message).to.include("spec.ports[0].port").and.include("99999");
    });
  });

  describe("preview", () => {
    it("is a dry run: defaults of the server are seen, nothing is made", async () => {
      const news = { apiVersion: "v1", kind: "Service", metadata: { namespace: space, name: "dry" }, spec: { ports: [{ port: 80 }] } };
      const { inputs } = await plugin.check(SERVICE, news);
      const { id, state } = await plugin.create(SERVICE, inputs, { preview: true });
      expect(id).to.equal("");
      expect(at(state, "spec", "type")).to.equal("ClusterIP");
      expect(state.status).to.equal(undefined);
      expect((await cluster.kubectl(["get", "service", "dry", "-n", space], { allowFailure: true })).code).not.to.equal(0);
    });
    it("returns the inputs where the namespace is not there yet", async () => {
      const { inputs } = await plugin.check(CONFIG_MAP, configMap("later", { a: "1" }));
      expect((await plugin.create(CONFIG_MAP, inputs, { preview: true })).state).to.deep.equal(inputs);
    });
    it("returns the inputs where the CRD is not there yet", async () => {
      const urn = urnOf("kubernetes:example.com/v1:Gadget", "gadget");
      const { inputs } = await plugin.check(urn, { apiVersion: "example.com/v1", kind: "Gadget", metadata: { namespace: space } });
      expect((await plugin.create(urn, inputs, { preview: true })).state).to.deep.equal(inputs);
    });
    it("returns the inputs where a value is not known yet, without a call", async () => {
      const { inputs } = await plugin.check(CONFIG_MAP, configMap(space, { a: UNKNOWN }));
      expect(at(inputs, "data", "a")).to.equal(UNKNOWN);
      expect((await plugin.create(CONFIG_MAP, inputs, { preview: true })).state).to.deep.equal(inputs);
      expect(plugin.calls).to.deep.equal([]);
    });
    it("of an object that exists shows no error: it may be replaced", async () => {
      const { inputs } = await make(CONFIG_MAP, configMap(space, {}, { name: "there" }));
      expect((await plugin.create(CONFIG_MAP, inputs, { preview: true })).state).to.deep.equal(inputs);
    });
  });

  describe("an unchanged object", () => {
    it("shows no difference and takes no call, whatever the server defaulted or wrote differently", async () => {
      const news = deployment(space, "unchanged", { replicas: 0 });
      const { state, inputs } = await make(DEPLOYMENT, news);
      plugin.calls.splice(0);
      const again = await plugin.check(DEPLOYMENT, news, inputs);
      expect(await plugin.diff(DEPLOYMENT, state, again.inputs, inputs)).to.deep.include({ changed: false, paths: [], replaces: [] });
      expect(plugin.calls).to.deep.equal([]);
    });
    it("keeps its generated name", async () => {
      const { state, inputs } = await make(CONFIG_MAP, configMap(space, { a: "1" }));
      const again = await plugin.check(CONFIG_MAP, configMap(space, { a: "1" }), inputs);
      expect(again.inputs).to.deep.equal(inputs);
      expect((await plugin.diff(CONFIG_MAP, state, again.inputs, inputs)).changed).to.equal(false);
    });
  });

  describe("update", () => {
    it("changes in place, and takes away what is no longer said", async () => {
      const first = await make(CONFIG_MAP, configMap(space, { a: "1", b: "2" }));
      const next = await plugin.check(CONFIG_MAP, configMap(space, { a: "3" }), first.inputs);
      expect(await plugin.diff(CONFIG_MAP, first.state, next.inputs, first.inputs)).to.deep.include({ paths: ["data.a", "data.b"], replaces: [] });
      const state = await plugin.update(CONFIG_MAP, first.id, first.state, next.inputs);
      expect(state.data).to.deep.equal({ a: "3" });
      expect(state.__fieldManager).to.equal(first.state.__fieldManager);
      const managers = await kubectl("get", "configmap", "-n", space, first.id.split("/")[1] ?? "", "--show-managed-fields");
      expect(JSON.stringify(at(managers, "metadata", "managedFields")))
        .to.include(textAt(state, "__fieldManager"))
        .and.include('"Apply"');
    });
    it("is previewed by a dry run that changes nothing", async () => {
      const first = await make(CONFIG_MAP, configMap(space, { a: "1" }));
      const next = await plugin.check(CONFIG_MAP, configMap(space, { a: "2" }), first.inputs);
      expect((await plugin.update(CONFIG_MAP, first.id, first.state, next.inputs, { preview: true })).data).to.deep.equal({ a: "2" });
      expect((await plugin.read(CONFIG_MAP, first.id, first.state, first.inputs)).state.data).to.deep.equal({ a: "1" });
    });
    it("stops at a field that another manager holds and names both; patchForce takes it", async () => {
      const first = await make(CONFIG_MAP, configMap(space, { a: "1" }, { name: "contested" }));
      await cluster.kubectl(["apply", "--server-side", "--force-conflicts", "--field-manager=somebody", "-n", space, "-f", "-"], {
        input: JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "contested" }, data: { a: "theirs" } }),
      });
      const next = await plugin.check(CONFIG_MAP, configMap(space, { a: "ours" }, { name: "contested" }), first.inputs);
      const error = await errorOf(plugin.update(CONFIG_MAP, first.id, first.state, next.inputs));
      expect(error.message).to.include("somebody").and.include(".data.a").and.include("patchForce");
      const forced = await plugin.check(
        CONFIG_MAP,
        configMap(space, { a: "ours" }, { name: "contested", annotations: { "pulumi.com/patchForce": "true" } }),
        first.inputs,
      );
      expect((await plugin.update(CONFIG_MAP, first.id, first.state, forced.inputs)).data).to.deep.equal({ a: "ours" });
    });
    it("leaves an ignored field to the autoscaler that holds it", async () => {
      const first = await make(DEPLOYMENT, deployment(space, "scaled", { replicas: 0 }));
      await cluster.kubectl(["scale", "deployment/scaled", "-n", space, "--replicas=2"]);
      const next = await plugin.check(DEPLOYMENT, deployment(space, "scaled", { replicas: 0 }, { "pulumi.com/skipAwait": "true" }), first.inputs);
      const state = await plugin.update(DEPLOYMENT, first.id, first.state, next.inputs, { ignoreChanges: ["spec.replicas"] });
      expect(at(state, "spec", "replicas")).to.equal(2);
      await plugin.delete(DEPLOYMENT, first.id, first.state);
    });
    it("makes an object again that was deleted by hand", async () => {
      const first = await make(CONFIG_MAP, configMap(space, { a: "1" }, { name: "deleted-by-hand" }));
      await cluster.kubectl(["delete", "configmap", "deleted-by-hand", "-n", space]);
      const next = await plugin.check(CONFIG_MAP, configMap(space, { a: "2" }, { name: "deleted-by-hand" }), first.inputs);
      expect((await plugin.update(CONFIG_MAP, first.id, first.state, next.inputs)).data).to.deep.equal({ a: "2" });
    });
  });

  describe("a field that cannot change", () => {
    it("replaces the object; one with a name of its own is deleted first", async () => {
      const named = await make(DEPLOYMENT, deployment(space, "fixed", { replicas: 0 }));
      const news = deployment(space, "fixed", { replicas: 0, selector: { matchLabels: { app: "other" } } });
      const next = await plugin.check(DEPLOYMENT, news, named.inputs);
      const diff = await plugin.diff(DEPLOYMENT, named.state, next.inputs, named.inputs);
      expect(diff.replaces).to.deep.equal(["spec.selector.matchLabels.app"]);
      expect(diff.deleteBeforeReplace).to.equal(true);
    });
    it("replaces a ConfigMap unless they are mutable, and one with a generated name beside the old one", async () => {
      const strict = await start({ enableConfigMapMutable: "" });
      try {
        const first = await make(CONFIG_MAP, configMap(space, { a: "1" }));
        const next = await strict.check(CONFIG_MAP, configMap(space, { a: "2" }), first.inputs);
        expect(await strict.diff(CONFIG_MAP, first.state, next.inputs, first.inputs)).to.deep.include({ replaces: ["data.a"], deleteBeforeReplace: false });
      } finally {
        await strict.stop();
      }
    });
  });

  describe("secrets", () => {
    it("are marked in inputs and state, given as stringData or data, and are plain in the cluster only", async () => {
      const { inputs, state } = await make(SECRET, {
        apiVersion: "v1",
        kind: "Secret",
        metadata: { namespace: space, name: "credentials" },
        stringData: { password: makeSecret("hunter2") },
      });
      expect(isSecret(inputs.data)).to.equal(true);
      expect(isSecret(state.data)).to.equal(true);
      expect(isSecret(at(state, "__inputs", "data"))).to.equal(true);
      expect(at(await kubectl("get", "secret", "credentials", "-n", space), "data", "password")).to.equal(Buffer.from("hunter2").toString("base64"));
    });
    it("stay secret in any other kind too", async () => {
      const { state } = await make(CONFIG_MAP, configMap(space, { open: "1", hidden: makeSecret("x") }));
      expect(isSecret(at(state, "data", "hidden"))).to.equal(true);
      expect(at(state, "data", "open")).to.equal("1");
    });
    it("that were read back are marked", async () => {
      await make(SECRET, { apiVersion: "v1", kind: "Secret", metadata: { namespace: space, name: "read-back" }, stringData: { a: "b" } });
      const found = await plugin.read(SECRET, `${space}/read-back`);
      expect(isSecret(found.state.data)).to.equal(true);
      expect(isSecret(found.inputs.data)).to.equal(true);
    });
  });

  describe("read", () => {
    it("imports by id alone; saying the same shows no difference", async () => {
      await cluster.kubectl(["create", "configmap", "by-hand", "-n", space, "--from-literal=a=1"]);
      const found = await plugin.read(CONFIG_MAP, `${space}/by-hand`);
      expect(found.inputs).to.deep.equal({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "by-hand", namespace: space }, data: { a: "1" } });
      const { inputs } = await plugin.check(CONFIG_MAP, configMap(space, { a: "1" }, { name: "by-hand" }), found.inputs);
      expect((await plugin.diff(CONFIG_MAP, found.state, inputs, found.inputs)).changed).to.equal(false);
    });
    it("finds nothing where nothing is", async () => {
      expect((await plugin.read(CONFIG_MAP, `${space}/nowhere`)).id).to.equal("");
      expect((await plugin.read(CONFIG_MAP, `no-such-namespace/nowhere`)).id).to.equal("");
      expect((await plugin.read(urnOf("kubernetes:example.com/v1:Gadget", "g"), `${space}/nowhere`)).id).to.equal("");
    });
    it("shows what was changed by hand, and not what somebody added", async () => {
      const first = await make(CONFIG_MAP, configMap(space, { a: "1" }, { name: "drifting" }));
      await cluster.kubectl(["label", "configmap", "drifting", "-n", space, "added=later"]);
      const same = await plugin.read(CONFIG_MAP, first.id, first.state, first.inputs);
      expect(same.inputs).to.deep.equal(first.inputs);
      await cluster.kubectl(["patch", "configmap", "drifting", "-n", space, "-p", '{"data":{"a":"by hand"}}']);
      const drifted = await plugin.read(CONFIG_MAP, first.id, first.state, first.inputs);
      expect(at(drifted.inputs, "data", "a")).to.equal("by hand");
      expect((await plugin.diff(CONFIG_MAP, drifted.state, first.inputs, drifted.inputs)).paths).to.deep.equal(["data.a"]);
    });
  });

  describe("delete", () => {
    it("is done when the object is gone; one that is gone already is fine", async () => {
      const { id, state } = await make(CONFIG_MAP, configMap(space, {}));
      await plugin.delete(CONFIG_MAP, id, state);
      expect((await plugin.read(CONFIG_MAP, id)).id).to.equal("");
      await plugin.delete(CONFIG_MAP, id, state);
    });
    it("waits for finalizers, and says after the time-out which", async () => {
      const { id, state } = await make(CONFIG_MAP, configMap(space, {}, { name: "held", finalizers: ["example.com/hold"] }));
      const error = await errorOf(plugin.delete(CONFIG_MAP, id, state, 1));
      expect(error.message).to.include("still there after 1 s").and.include("example.com/hold");
      await cluster.kubectl(["patch", "configmap", "held", "-n", space, "--type=merge", "-p", '{"metadata":{"finalizers":null}}']);
    });
  });

  describe("waiting", () => {
    it("is over when the pods are available; a Service then has endpoints", async () => {
      const made = await make(DEPLOYMENT, deployment(space, "ready", {}, {}, tolerations));
      expect(at(made.state, "status", "availableReplicas")).to.equal(1);
      const service = await make(SERVICE, {
        apiVersion: "v1",
        kind: "Service",
        metadata: { namespace: space, name: "ready" },
        spec: { selector: { app: "ready" }, ports: [{ port: 80 }] },
      });
      expect(textAt(service.state, "spec", "clusterIP")).to.match(/^\d/);
      const refreshed = await plugin.read(DEPLOYMENT, made.id, made.state, made.inputs);
      expect((await plugin.diff(DEPLOYMENT, refreshed.state, made.inputs, refreshed.inputs)).changed).to.equal(false);
      await plugin.delete(DEPLOYMENT, made.id, made.state);
    });
    it("ends with the scheduler's reason after the time-out; the object stays in the state", async () => {
      const news = deployment(space, "unplaceable", {}, {}, { nodeSelector: { nowhere: "true" }, ...tolerations });
      const error = await errorOf(make(DEPLOYMENT, news, 4));
      if (!(error instanceof InitError)) throw error;
      expect(error.id).to.equal(`${space}/unplaceable`);
      expect(at(error.properties, "metadata", "uid")).to.be.a("string");
      expect(error.message)
        .to.include("is not ready after 4 s")
        .and.include("0 of 1 pods available")
        .and.match(/Unschedulable: 0\/\d+ nodes are available/);
      expect(
        plugin.messages
          .filter((message) => message.urn === DEPLOYMENT && message.ephemeral)
          .map((message) => message.text)
          .join("\n"),
      ).to.include("Unschedulable");
      // The next refresh still says so, and an update makes it well.
      const refresh = await errorOf(plugin.read(DEPLOYMENT, error.id, error.properties, plainMap(at(error.properties, "__inputs") as ValueMap)));
      expect(refresh).to.be.instanceOf(InitError);
      const fixed = await plugin.check(DEPLOYMENT, deployment(space, "unplaceable", {}, {}, tolerations));
      expect(at(await plugin.update(DEPLOYMENT, error.id, error.properties, fixed.inputs), "status", "availableReplicas")).to.equal(1);
      await plugin.delete(DEPLOYMENT, error.id, error.properties);
    });
    it("names the quota that forbids the pods", async () => {
      await make(urnOf("kubernetes:core/v1:Namespace", "tight"), { apiVersion: "v1", kind: "Namespace", metadata: { name: `${space}-tight` } });
      await make(urnOf("kubernetes:core/v1:ResourceQuota", "none"), {
        apiVersion: "v1",
        kind: "ResourceQuota",
        metadata: { name: "none", namespace: `${space}-tight` },
        spec: { hard: { pods: "0" } },
      });
      const error = await errorOf(make(DEPLOYMENT, deployment(`${space}-tight`, "forbidden", {}, { "pulumi.com/timeoutSeconds": "3" }, tolerations)));
      expect(error.message).to.include("exceeded quota: none");
    });
    it("names the class that an unbound claim lacks; one that binds with its first pod is not waited for", async () => {
      const claim = (name: string, storageClassName: string) => ({
        apiVersion: "v1",
        kind: "PersistentVolumeClaim",
        metadata: { namespace: space, name },
        spec: { storageClassName, accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Gi" } } },
      });
      const urn = urnOf("kubernetes:core/v1:PersistentVolumeClaim", "claim");
      const error = await errorOf(make(urn, claim("unbound", "no-such-class"), 3));
      expect(error.message).to.include("Pending").and.include("no-such-class");
      await make(urnOf("kubernetes:storage.k8s.io/v1:StorageClass", "late"), {
        apiVersion: "storage.k8s.io/v1",
        kind: "StorageClass",
        metadata: { name: `${space}-late` },
        provisioner: "example.com/none",
        volumeBindingMode: "WaitForFirstConsumer",
      });
      await make(urn, claim("late", `${space}-late`), 3);
    });
    it("is skipped where the annotation says so", async () => {
      const news = deployment(space, "skipped", {}, { "pulumi.com/skipAwait": "true" }, { nodeSelector: { nowhere: "true" } });
      expect((await make(DEPLOYMENT, news)).id).to.equal(`${space}/skipped`);
    });
    it("ends at once when it is cancelled, and keeps the object in the state", async () => {
      const cancelled = await start();
      try {
        const { inputs } = await cancelled.check(DEPLOYMENT, deployment(space, "cancelled", {}, {}, { nodeSelector: { nowhere: "true" } }));
        const creating = errorOf(cancelled.create(DEPLOYMENT, inputs));
        await cluster.kubectl(["wait", "--for=create", "deployment/cancelled", "-n", space, "--timeout=20s"]);
        await cancelled.cancel();
        const error = await creating;
        expect(error).to.be.instanceOf(InitError);
        expect(error.message).to.include("cancelled while waiting");
      } finally {
        await cancelled.stop();
      }
    });
  });

  describe("a custom resource", () => {
    it("can follow its CRD at once, and is updated and deleted like any object", async () => {
      const crdUrn = urnOf("kubernetes:apiextensions.k8s.io/v1:CustomResourceDefinition", "widgets");
      const crd = {
        apiVersion: "apiextensions.k8s.io/v1",
        kind: "CustomResourceDefinition",
        metadata: { name: "widgets.plugins.example.com" },
        spec: {
          group: "plugins.example.com",
          scope: "Namespaced",
          names: { plural: "widgets", singular: "widget", kind: "Widget" },
          versions: [{ name: "v1", served: true, storage: true, schema: { openAPIV3Schema: { type: "object", x_kubernetes_preserve_unknown_fields: true } } }],
        },
      };
      const definition = await make(crdUrn, crd);
      expect((await plugin.diff(crdUrn, definition.state, (await plugin.check(crdUrn, crd, definition.inputs)).inputs, definition.inputs)).changed).to.equal(
        false,
      );
      const urn = urnOf("kubernetes:plugins.example.com/v1:Widget", "w");
      const widget = (size: number) => ({
        apiVersion: "plugins.example.com/v1",
        kind: "Widget",
        metadata: { namespace: space, name: "w", annotations: { "pulumi.com/deletionPropagationPolicy": "background" } },
        spec: { size },
      });
      const first = await make(urn, widget(1));
      const next = await plugin.check(urn, widget(2), first.inputs);
      expect(at(await plugin.update(urn, first.id, first.state, next.inputs), "spec", "size")).to.equal(2);
      await plugin.delete(urn, first.id, first.state);
      await plugin.delete(crdUrn, definition.id, definition.state);
    });
  });

  describe("a Patch resource", () => {
    const NODE = urnOf("kubernetes:core/v1:NodePatch", "node1");
    const patch = (name: string, labels: ValueMap): ValueMap => ({ apiVersion: "v1", kind: "Node", metadata: { name, labels } });
    /** Ours, and one of those that the node had before; the cluster adds some of its own. */
    const labels = async () => {
      const found = at(await kubectl("get", "node", "node1"), "metadata", "labels");
      return [at(found, "example.com/pool"), at(found, "type")];
    };

    it("adds fields to an object of somebody else, changes them, and takes back only these", async () => {
      const { id, state } = await make(NODE, patch("node1", { "example.com/pool": "a" }));
      expect(await labels()).to.deep.equal(["a", "kwok"]);
      const changed = await plugin.update(NODE, id, state, patch("node1", { "example.com/pool": "b" }));
      expect(await labels()).to.deep.equal(["b", "kwok"]);
      await plugin.delete(NODE, id, changed);
      expect(await labels()).to.deep.equal([undefined, "kwok"]);
    });
    it("is unchanged by the next `up`", async () => {
      const { state, inputs } = await make(NODE, patch("node1", { "example.com/pool": "a" }));
      const again = await plugin.check(NODE, patch("node1", { "example.com/pool": "a" }), inputs);
      expect(await plugin.diff(NODE, state, again.inputs, inputs)).to.deep.include({ changed: false, paths: [], replaces: [] });
      await plugin.delete(NODE, "node1", state);
    });
    it("leaves to others what they applied, also under a name that an object of ours would take fields from", async () => {
      const urn = urnOf("kubernetes:core/v1:ConfigMapPatch", "patched");
      const input = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "patched", namespace: space }, data: { theirs: "1" } });
      await cluster.kubectl(["apply", "--server-side", "--field-manager=kubectl", "-f", "-"], { input });
      const { id, state } = await make(urn, configMap(space, { ours: "1" }, { name: "patched" }));
      const changed = await plugin.update(urn, id, state, configMap(space, { ours: "2" }, { name: "patched" }));
      expect(changed.data).to.deep.equal({ ours: "2", theirs: "1" });
      await plugin.delete(urn, id, changed);
      expect((await kubectl("get", "configmap", "patched", "-n", space)).data).to.deep.equal({ theirs: "1" });
    });
    it("needs a name: what it changes has one", async () => {
      const { failures } = await plugin.check(NODE, { apiVersion: "v1", kind: "Node", metadata: { labels: {} } });
      expect(failures.join()).to.match(/^metadata\.name: .*needs the name/);
    });
    it("needs the object to be there", async () => {
      expect((await errorOf(make(NODE, patch("nowhere", { a: "b" })))).message).to.include("there is no Node nowhere to patch");
    });
  });

  describe("a cluster that is not ours", () => {
    it("is refused before anything is sent, with the way out", async () => {
      const error = await errorOf(start({}, { OAP_EMBEDDED_KUBECONFIG: "" }));
      expect(error.message)
        .to.include("is not an embedded cluster")
        .and.include("pulumi plugin install resource kubernetes")
        .and.include("OAP_STANDIN_ANY_CLUSTER=1");
    });
    it("is used when that is asked for", async () => {
      const forced = await start({}, { OAP_EMBEDDED_KUBECONFIG: "", OAP_STANDIN_ANY_CLUSTER: "1" });
      expect((await forced.read(CONFIG_MAP, "kube-system/extension-apiserver-authentication")).id).not.to.equal("");
      await forced.stop();
    });
  });

  describe("what is not here", () => {
    it("is refused by name", async () => {
      const types: Readonly<Record<string, RegExp>> = {
        "kubernetes:helm.sh/v3:Release": /helm.*official plugin/,
        "kubernetes:core/v1:ConfigMapList": /lists cannot be created/,
      };
      for (const [type, message] of Object.entries(types)) expect((await errorOf(plugin.check(urnOf(type, "x"), {}))).message).to.match(message);
      expect((await errorOf(plugin.invoke("kubernetes:yaml:decode", {}))).message).to.include("kubernetes:yaml:decode");
    });
  });

  it("ends with its engine", async () => {
    const ending = await start();
    expect(await ending.stop()).to.equal(0);
  });
});
