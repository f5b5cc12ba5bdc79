/**
 * Real pods come and go with real requests: routers that count, a Prometheus that reads them, prometheus-adapter, metrics-server and the autoscaler, on an embedded
 * cluster of its own.
 */
import { expect } from "chai";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { kubectlOf, make, state } from "../e2e/support";
import { clientPod } from "../support/clientPod";

const settings = { STACK: "production", FLAVOR: "real", ADDONS: "autoscaling" };
const namespace = "ai-production";
const clients = "ai-production-ml";
const kubectl = kubectlOf(settings);

interface Hpa {
  readonly status: {
    readonly currentMetrics?:
      | readonly {
          readonly resource?: { readonly name: string; readonly current: { readonly averageUtilization?: number } };
          readonly external?: { readonly metric: { readonly name: string }; readonly current: { readonly averageValue?: string; readonly value?: string } };
        }[]
      | null;
  };
}

describe("a pool in real containers, under load", function () {
  this.timeout(240_000);

  before("bring it up", async function () {
    this.timeout(900_000);
    const { code, output } = await make(["up"], settings);
    expect(code, output).to.equal(0);
  });
  after("stop what is left", async function () {
    this.timeout(300_000);
    if (existsSync(state)) await make(["clean"], settings);
    rmSync(state, { recursive: true, force: true });
  });

  const hpa = async () => JSON.parse(await kubectl("-n", namespace, "get", "hpa", "ollama", "-o", "json")) as Hpa;
  const ready = async () => Number((await kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.status.readyReplicas}")).trim() || 0);

  it("has an autoscaler that knows CPU, memory, requests in flight and the time in the queue", async () => {
    const names = await eventually("four metrics", async () => {
      const known = ((await hpa()).status.currentMetrics ?? []).flatMap(({ resource, external }) => resource?.name ?? external?.metric.name ?? []);
      return known.length === 4 ? known : undefined;
    });
    expect(names).to.have.members(["cpu", "memory", "pool_model_requests_in_flight", "pool_model_queue_wait_seconds_p95"]);
    expect(await ready()).to.equal(1);
  });

  it("gets a second pod when more requests come than one answers, loses it again, and no request fails", async () => {
    // Without GPUs CPU is the load, and would decide: here requests alone do. And nobody waits for the 10 minutes before pods go.
    const patch = [
      ...[1, 0].map((metric) => ({ op: "remove", path: `/spec/metrics/${metric}` })),
      { op: "replace", path: "/spec/behavior/scaleDown/stabilizationWindowSeconds", value: 0 },
    ];
    const file = join(state, "patch.json");
    writeFileSync(file, JSON.stringify(patch));
    await kubectl("-n", namespace, "patch", "hpa", "ollama", "--type=json", `--patch-file=${file}`);
    await load();
    await eventually("a second pod that answers", async () => ((await ready()) === 2 ? true : undefined), 120);
    const inFlight = (await hpa()).status.currentMetrics?.find(({ external }) => external?.metric.name === "pool_model_requests_in_flight");
    expect(Number.parseInt(inFlight?.external?.current.averageValue ?? "0")).to.be.greaterThan(4);
    const events = await kubectl("-n", namespace, "get", "events", "--field-selector=reason=SuccessfulRescale", "-o", "jsonpath={.items[*].message}");
    expect(events).to.match(/New size: 2; reason: external metric pool_model_/);

    await kubectl("-n", clients, "exec", "load", "--", "touch", "/tmp/enough");
    await eventually("the load to end", async () => ((await phase()) === "Succeeded" || (await phase()) === "Failed" ? true : undefined));
    const said = await kubectl("-n", clients, "logs", "load");
    expect(said).to.match(/^0 of [1-9]\d* failed$/m);
    await eventually("one pod again", async () => ((await ready()) === 1 ? true : undefined), 120);
  });

  const phase = async () => (await kubectl("-n", clients, "get", "pod", "load", "-o", "jsonpath={.status.phase}")).trim();

  /** 16 clients that ask one question after another until they are told to stop. */
  async function load(): Promise<void> {
    const image = await kubectl("-n", namespace, "get", "deployment", "ollama", "-o", "jsonpath={.spec.template.spec.containers[0].image}");
    const body = '{"model":"tiny:0.1m-v1.0-random","prompt":"once","options":{"num_predict":200}}';
    const head = `POST /api/generate HTTP/1.0\\r\\nHost: ollama\\r\\nContent-Length: ${Buffer.byteLength(body)}\\r\\n\\r\\n`;
    const client = `
      client() {
        while [[ ! -e /tmp/enough ]]; do
          exec 3<>/dev/tcp/ollama.${namespace}.svc/11434 && printf '${head}%s' '${body}' >&3 && answer=$(cat <&3)
          [[ $answer == HTTP*' 200 '* && $answer == *'"done":true'* ]] && echo good || echo "bad \${answer:0:200}"
        done
      }
      for _ in {1..16}; do client & done > /tmp/answers
      wait
      grep -v '^good$' /tmp/answers
      echo "$(grep -vc '^good$' /tmp/answers) of $(wc -l < /tmp/answers) failed"`;
    const file = join(state, "load.json");
    writeFileSync(file, JSON.stringify(clientPod("load", clients, image.trim(), client)));
    await kubectl("apply", "-f", file);
  }

  /** Asks until the answer is there. @throws with what the autoscaler and the pods say */
  async function eventually<T>(what: string, ask: () => Promise<T | undefined>, seconds = 90): Promise<T> {
    for (const end = Date.now() + seconds * 1000; Date.now() < end; await sleep(1000)) {
      const answer = await ask();
      if (answer !== undefined) return answer;
    }
    throw new Error(`${what}: not within ${seconds} s\n${await kubectl("-n", namespace, "describe", "hpa", "ollama")}\n${await kubectl("get", "pods", "-A")}`);
  }
});
