import { expect } from "chai";
import { parse } from "yaml";
import { figuresOf, percentile } from "../../../cli/models/test";
import { tiny } from "../support/config";
import { aictl, changes, dev, generated, json, production, stackText, type Given } from "./support";
import { deployment, job, ns, paths } from "./pool";

const digest = `sha256:${"c".repeat(64)}`;
const other = "tiny:0.2m-v1.0-random";
const models = (...names: readonly string[]) => names.map((name) => ({ name, source: { kind: "image", image: "tiny-model", path: "/models/tiny" } }));

interface Model {
  readonly name: string;
}
const configOf = (text = "") => (parse(text) as { config: Record<string, unknown> }).config;
const namesIn = (text: string | undefined) => (configOf(text)["openshift-ai-platform:models"] as readonly Model[]).map(({ name }) => name);

describe("aictl models list", () => {
  const pod = (name: string, ip: string) => ({
    metadata: { name, namespace: ns, labels: { "app.kubernetes.io/instance": "ollama" } },
    spec: { containers: [] },
    status: { phase: "Running", podIPs: [{ ip }] },
  });
  const memory = [{ model: tiny, total: 2 ** 20, gpu: 2 ** 19 }];
  const status = { state: "ready", draining: false, inFlight: 1, queued: 0, slots: 4, models: [tiny], memory };
  const given: Given = {
    answers: { [paths.pods]: [pod("ollama-1", "10.0.0.1"), pod("ollama-2", "10.0.0.2"), pod("ollama-3", "10.0.0.3")], [paths.jobs]: [job(tiny)] },
    proxied: {
      [paths.status]: {
        status: 200,
        text: JSON.stringify({
          router: "router-1",
          queued: 0,
          replicas: [
            { address: "10.0.0.1", ...status },
            { address: "10.0.0.3", ...status, state: "unreachable" },
          ],
        }),
      },
    },
  };

  it("sets what is configured beside what replicas have in memory", async () => {
    const done = await aictl(dev("-o", "json", "models", "list"), given);
    expect(json(done)).to.deep.equal({
      namespace: ns,
      models: [
        {
          name: tiny,
          configured: true,
          pools: ["ollama"],
          store: "loaded",
          source: `registry.ollama.ai/library/tiny:x@sha256:${"b".repeat(64)}`,
          replicas: ["ollama-1"],
          bytes: 2 ** 20,
          gpuBytes: 2 ** 19,
        },
      ],
      notAsked: ["ollama-2", "ollama-3"],
    });
  });

  it("asks no pod: an operator has no right to", async () => {
    const done = await aictl(dev("models", "list"), given);
    expect(done.calls.filter(({ path }) => path.includes("/proxy")).map(({ path }) => path)).to.deep.equal([paths.status]);
  });

  it("says in the table who could not be asked", async () => {
    const done = await aictl(dev("models", "list"), given);
    expect(done.out).to.match(/tiny:\S+ +ollama +loaded +1 of 3 +1\.0 MiB +512\.0 KiB +- +\S+@b{12}\n/);
    expect(done.notes).to.contain("not known to the routers").and.contain("ollama-2, ollama-3");
  });

  it("shows what is in memory and nobody configured", async () => {
    const done = await aictl(dev("models", "list"), {
      ...given,
      files: { "Pulumi.dev.yaml": stackText({ models: models(other), serving: { pools: [{ name: "ollama", models: [other] }] } }) },
    });
    expect(done.out).to.contain(`${tiny} (not configured)`);
  });
});

describe("aictl models add", () => {
  const add = (...rest: readonly string[]) => dev("models", "add", other, ...rest);

  it("writes the model and the pools that serve it, and says what comes next", async () => {
    const done = await aictl(add("--from", "tiny:0.2m", "--digest", digest, "--pool", "ollama", "--licence", "MIT"));
    expect(done.code, done.notes).to.equal(0);
    const written = configOf(done.files.get("Pulumi.dev.yaml"));
    expect(written["openshift-ai-platform:models"]).to.deep.include({ name: other, source: { kind: "registry", name: "tiny:0.2m", digest }, licence: "MIT" });
    expect(written["openshift-ai-platform:serving"]).to.deep.equal({ pools: [{ name: "ollama", models: [tiny, other], replicas: 2 }] });
    expect(done.files.get("Pulumi.dev.yaml")).to.contain("# how this stack is");
    expect(done.out).to.contain("pulumi up loads it");
    expect(done.connected).to.deep.equal([]);
  });

  it("writes nothing in a dry run, and shows the change", async () => {
    const done = await aictl(dev("--dry-run", ...add("--image", "tiny-model", "--path", "/models/tiny").slice(2)));
    expect([done.code, changes(done).length]).to.deep.equal([0, 0]);
    expect(done.notes).to.match(/\+ +- name: tiny:0\.2m-v1\.0-random/);
  });

  it("commits on a branch with --commit", async () => {
    const done = await aictl(add("--image", "tiny-model", "--path", "/models/tiny", "--commit"));
    expect(done.calls.filter(({ verb }) => verb === "git").map(({ path }) => path.split(" ").slice(0, 3).join(" "))).to.deep.equal([
      "status --porcelain --",
      "switch --create aictl/add-tiny-0.2m-v1.0-random",
      "commit --quiet --only",
    ]);
    expect(done.out).to.contain("open a pull request");
  });

  it("refuses a source without a digest, two sources, none, and a name that is taken or is none", async () => {
    const refused = async (line: readonly string[]) => {
      const done = await aictl(line);
      expect([done.code, changes(done).length], done.notes).to.deep.equal([2, 0]);
      return done.notes;
    };
    expect(await refused(add("--from", "tiny:0.2m"))).to.contain("without the digest");
    expect(await refused(add())).to.contain("where does the model come from?");
    expect(await refused(add("--from", "tiny:0.2m", "--digest", digest, "--image", "tiny-model"))).to.contain("where does the model come from?");
    expect(await refused(dev("models", "add", tiny, "--image", "tiny-model"))).to.contain("is configured already");
    expect(await refused(dev("models", "add", "codellama", "--image", "tiny-model"))).to.contain("{model}:{size}-{version}-{variant}");
    expect(await refused(add("--image", "none"))).to.contain("none");
    expect(await refused(add("--image", "tiny-model", "--pool", "olama"))).to.contain("one of ollama");
  });
});

describe("aictl models remove", () => {
  const file = (fields: object) => ({ files: { "Pulumi.dev.yaml": stackText({ models: models(tiny, other), ...fields }) } });

  it("takes a model out that nobody uses", async () => {
    const done = await aictl(dev("models", "remove", other), file({}));
    expect(done.code, done.notes).to.equal(0);
    expect(namesIn(done.files.get("Pulumi.dev.yaml"))).to.deep.equal([tiny]);
  });

  it("refuses one that a pool or a team uses, and names them", async () => {
    const teams = [{ name: "ml", group: "team-ml", quota: { cpu: "1", memory: "1Gi" }, models: [tiny] }];
    const done = await aictl(dev("models", "remove", tiny), file({ teams }));
    expect([done.code, changes(done).length]).to.deep.equal([3, 0]);
    expect(done.notes).to.contain(`${tiny} is in use by pool ollama, team ml (project ml)`);
    expect((await aictl(dev("models", "remove", "codellama:7b-v1.0-base"), file({}))).code).to.equal(2);
  });

  it("asks for the name of a production stack", async () => {
    const done = await aictl(["--stack", "live", "models", "remove", other], {
      files: { "Pulumi.live.yaml": stackText({ ...production, models: models(tiny, other) }) },
    });
    expect([done.code, changes(done).length]).to.deep.equal([3, 0]);
  });
});

describe("aictl models test", () => {
  it("asks through the pool's Service and shows how fast it was", async () => {
    const done = await aictl(dev("-o", "json", "models", "test", tiny, "--prompt", "hi", "--max-tokens", "5"), {
      proxied: { [paths.generate]: generated(10, 500_000_000) },
    });
    expect(done.code, done.notes).to.equal(0);
    expect(done.calls).to.deep.equal([{ verb: "post", path: paths.generate, body: { model: tiny, prompt: "hi", stream: true, options: { num_predict: 5 } } }]);
    expect(json(done)).to.deep.include({ text: "hello", tokens: 10, promptTokens: 3, tokensPerSecond: 20, firstTokenSeconds: 0.25 });
  });

  it("fails with what the server said", async () => {
    const said = async (status: number, text: string) => {
      const done = await aictl(dev("models", "test", tiny), { proxied: { [paths.generate]: { status, text } } });
      expect(done.code).to.equal(1);
      return done.notes;
    };
    expect(await said(429, '{"error":"the queue is full"}')).to.contain("the queue is full (429)");
    expect(await said(200, '{"response":"a"}\n')).to.contain("the answer broke off");
    expect(await said(200, '{"error":"llama runner ended"}\n')).to.contain("llama runner ended");
    expect(await said(200, '{"done":true,"eval_count":0}\n')).to.contain("it answered nothing");
    expect(await said(200, "<html>")).to.contain("no answer of a model");
  });

  it("finds the pool in the cluster where no stack is named", async () => {
    const line = ["--context", "x", "-n", ns, "models", "test", tiny];
    const done = await aictl(line, { answers: { [paths.deployments]: [deployment("a")] }, proxied: { [paths.generate]: generated() } });
    expect(done.code, done.notes).to.equal(0);
    const none = await aictl([...line.slice(0, -1), "codellama:7b-v1.0-base"], { answers: { [paths.deployments]: [deployment("a")] } });
    expect(none.code).to.equal(2);
    expect(none.notes).to.contain(`one of ${tiny}`);
  });
});

describe("aictl models bench", () => {
  it("asks from several clients for as long as it is told to, and counts errors", async () => {
    const answers = (call: number) => (call % 4 === 3 ? { status: 503, text: '{"error":"draining"}' } : generated());
    const done = await aictl(dev("-o", "json", "models", "bench", tiny, "--clients", "2", "--seconds", "5"), { proxied: { [paths.generate]: answers } });
    expect(done.code, done.notes).to.equal(0);
    const data = json<{ requests: number; errors: number; errorsByText: Record<string, number> }>(done);
    expect(data.requests).to.equal(done.calls.length).and.to.be.greaterThan(8);
    expect(data.errors).to.be.greaterThan(1);
    expect(data.errorsByText).to.deep.equal({ "503: draining": data.errors });
  });

  it("is bounded", async () => {
    const done = await aictl(dev("models", "bench", tiny, "--clients", "65", "--seconds", "601"));
    expect([done.code, done.calls.length]).to.deep.equal([2, 0]);
    expect(done.notes).to.contain("--clients 65: a whole number from 1 to 64").and.contain("--seconds 601");
  });

  it("fails where nothing answered, and asks nothing in a dry run", async () => {
    expect((await aictl(dev("models", "bench", tiny, "--seconds", "2"))).code).to.equal(1);
    expect((await aictl(dev("--dry-run", "models", "bench", tiny))).calls).to.deep.equal([]);
  });

  it("takes percentiles by nearest rank", () => {
    expect([percentile([], 0.5), percentile([3], 0.95), percentile([4, 1, 3, 2], 0.5), percentile([1, 2, 3, 4], 0.95)]).to.deep.equal([undefined, 3, 2, 4]);
    expect(figuresOf([{ status: 500, error: "x" }], 2)).to.deep.include({ requests: 1, errors: 1, tokensPerSecondAll: 0, requestsPerSecond: 0 });
  });
});
