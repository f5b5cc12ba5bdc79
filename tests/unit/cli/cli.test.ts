import { expect } from "chai";
import { stackText, production, aictl, changes, dev, forbidden, json } from "./support";
import { paths, previewing, twoVersions } from "./pool";

const productionFile = { "Pulumi.live.yaml": stackText(production) };
const live = Object.fromEntries(Object.entries(previewing).map(([path, value]) => [path.replace("ai-development", "ai-production"), value]));

describe("aictl: arguments", () => {
  it("shows its commands, with exit status 0", async () => {
    const done = await aictl(["--help"]);
    expect(done.code).to.equal(0);
    for (const name of ["rollout", "hold", "models", "pools", "gpu", "tune", "troubleshoot", "doctor", "completion"]) expect(done.out).to.contain(`  ${name}`);
  });

  it("has an example in the help of every command that does something", async () => {
    const groups = {
      rollout: ["status", "history", "promote", "abort", "undo", "validate"],
      models: ["list", "add", "remove", "test", "bench"],
      hold: ["release"],
    };
    const lines = [
      ...Object.entries(groups).flatMap(([group, names]) => names.map((name) => [group, name])),
      ["gpu"],
      ["tune"],
      ["pools"],
      ["troubleshoot", "gpu"],
      ["doctor"],
    ];
    for (const line of lines) expect((await aictl([...line, "--help"])).out, line.join(" ")).to.match(/Example:\n {2}.*aictl/);
  });

  it("ends with 2 for what it does not know, and suggests what was meant", async () => {
    const wrong = await aictl(["rolout", "status", "ollama"]);
    expect(wrong.code).to.equal(2);
    expect(wrong.notes).to.contain("Did you mean rollout?");
    expect((await aictl(dev("rollout", "status"))).code).to.equal(2);
    expect((await aictl(dev("rollout", "undo", "ollama", "--to-revision", "x"))).notes).to.contain("A whole number above 0");
    expect((await aictl(dev("rollout", "undo", "ollama", "--config", "all"))).notes).to.contain("One of hold, restore");
    expect((await aictl(dev("rollout", "fly", "ollama"))).code).to.equal(2);
  });

  it("never uses a context that nobody named", async () => {
    const done = await aictl(["gpu"]);
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("the current context is never used").and.contain("--stack");
    expect(done.connected).to.deep.equal([]);
  });

  it("takes the option before the environment, and that before the configuration", async () => {
    const at = async (line: readonly string[], env: Record<string, string> = {}) => (await aictl(line, { env })).connected;
    expect(await at(dev("gpu"))).to.deep.equal(["ai-dev -"]);
    expect(await at(["gpu"], { AICTL_STACK: "dev" })).to.deep.equal(["ai-dev -"]);
    expect(await at(dev("gpu"), { AICTL_CONTEXT: "other", AICTL_KUBECONFIG: "k8s/config" })).to.deep.equal(["other /somewhere/k8s/config"]);
    expect(await at(dev("--context", "mine", "--kubeconfig", "~/k", "gpu"), { AICTL_CONTEXT: "other", AICTL_KUBECONFIG: "/e" })).to.deep.equal(["mine ~/k"]);
    expect(await at(dev("gpu"), { KUBECONFIG: "/a:/b" })).to.deep.equal(["ai-dev /a:/b"]);
  });

  it("takes global options behind the command too, and the namespace of the stack", async () => {
    const done = await aictl(["rollout", "history", "ollama", "--stack", "dev", "-o", "json"], { answers: twoVersions });
    expect(done.code, done.notes).to.equal(0);
    expect(json<{ namespace: string }>(done).namespace).to.equal("ai-development");
    expect((await aictl(["--context", "x", "pools"])).notes).to.contain("no namespace is named");
  });

  it("names a stack that is not there, and all that is wrong with a configuration", async () => {
    expect((await aictl(["--stack", "nope", "pools"])).notes).to.contain("Pulumi.nope.yaml is not there");
    const wrong = await aictl(dev("pools"), { files: { "Pulumi.dev.yaml": stackText({ platform: "openshit", sizing: "huge" }) } });
    expect(wrong.code).to.equal(2);
    expect(wrong.notes).to.contain('did you mean "openshift"?').and.contain("openshift-ai-platform:sizing");
  });

  it("refuses outputs and durations that are none", async () => {
    expect((await aictl(dev("-o", "xml", "gpu"))).notes).to.contain("-o xml: no such output");
    for (const text of ["0", "fast", "5d"]) expect((await aictl(dev("--timeout", text, "gpu"))).notes, text).to.contain(`--timeout ${text}: no duration`);
  });
});

describe("aictl: errors", () => {
  const denied = { [paths.deployment]: forbidden(paths.deployment) };

  it("are words with a fix, without a stack trace", async () => {
    const done = await aictl(dev("rollout", "status", "ollama"), { answers: denied });
    expect(done.code).to.equal(1);
    expect(done.notes).to.match(/^error: .*deployments\/ollama answered 403: pods is forbidden\nfix: ask for the right/);
    expect(done.notes).to.not.match(/\n {4}at /);
  });

  it("have a stack trace with DEBUG", async () => {
    expect((await aictl(dev("rollout", "status", "ollama"), { answers: denied, env: { DEBUG: "1" } })).notes).to.match(/\n {4}at /);
  });

  it("are JSON where JSON is asked for", async () => {
    const done = await aictl(dev("-o", "json", "rollout", "status", "ollama"), { answers: denied });
    expect(json<{ error: { code: string; fix: string } }>(done).error).to.include({ code: "FAILED" });
  });

  it("of our own are told apart: 70, with a trace", async () => {
    const done = await aictl(dev("rollout", "status", "ollama"), { answers: { [paths.deployment]: new TypeError("undefined is no function") } });
    expect(done.code).to.equal(70);
    expect(done.notes)
      .to.contain("a defect of aictl")
      .and.match(/\n {4}at /);
  });
});

describe("aictl: the guard of production", () => {
  const promote = ["--stack", "live", "--no-wait", "rollout", "promote", "ollama"];
  const given = { files: productionFile, answers: live };

  it("asks for the stack's name, and goes on with it", async () => {
    const done = await aictl(promote, { ...given, typed: "live" });
    expect(done.asked[0]).to.contain("live is production (context ai-dev). This takes revision 2 (hashb) of pool ollama to users. Type live");
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done)).to.have.length(1);
  });

  it("changes nothing after another answer", async () => {
    const done = await aictl(promote, { ...given, typed: "yes" });
    expect(done.code).to.equal(3);
    expect(changes(done)).to.deep.equal([]);
  });

  it("refuses where nobody can be asked, and says how to confirm", async () => {
    const done = await aictl(promote, given);
    expect(done.code).to.equal(3);
    expect(done.notes).to.contain("nobody is there to be asked").and.contain("--yes live");
    expect(changes(done)).to.deep.equal([]);
  });

  it("takes the name with --yes, and no other", async () => {
    expect(changes(await aictl([...promote, "--yes", "live"], given))).to.have.length(1);
    const other = await aictl([...promote, "--yes", "dev"], given);
    expect(other.code).to.equal(2);
    expect(changes(other)).to.deep.equal([]);
  });

  it("knows production by the label of the namespace, whatever the file says", async () => {
    const answers = { ...live, "/api/v1/namespaces/ai-production": { metadata: { labels: { "openshift-ai-platform/environment": "production" } } } };
    for (const line of [["--stack", "dev"], []]) {
      const done = await aictl([...line, "--context", "live", "-n", "ai-production", "--no-wait", "rollout", "promote", "ollama"], { answers });
      expect(done.code, line.join(" ")).to.equal(3);
      expect(changes(done)).to.deep.equal([]);
    }
  });

  it("lets a dry run through, which the server keeps nothing of", async () => {
    const done = await aictl([...promote, "--dry-run"], given);
    expect(done.code, done.notes).to.equal(0);
    expect(changes(done).map(({ dryRun }) => dryRun)).to.deep.equal([true]);
  });

  it("leaves other stacks alone", async () => {
    const done = await aictl(dev("--no-wait", "rollout", "promote", "ollama"), { answers: previewing });
    expect(done.code, done.notes).to.equal(0);
    expect(done.asked).to.deep.equal([]);
  });
});

describe("aictl completion", () => {
  it("is made for bash, zsh and fish from the commands themselves", async () => {
    const bash = (await aictl(["completion", "bash"])).out;
    expect(bash).to.match(/"rollout"\) words="status history promote abort validate undo /);
    expect(bash).to.match(/"rollout undo"\) words="--to-revision --config /);
    expect((await aictl(["completion", "zsh"])).out)
      .to.contain("#compdef aictl")
      .and.contain("complete -F _aictl aictl");
    expect((await aictl(["completion", "fish"])).out).to.contain("-a undo -d 'back to an earlier version, and keep it there'");
  });

  it("is refused for another shell", async () => {
    const done = await aictl(["completion", "cmd"]);
    expect(done.code).to.equal(2);
    expect(done.notes).to.contain("one of bash, zsh, fish");
  });
});
