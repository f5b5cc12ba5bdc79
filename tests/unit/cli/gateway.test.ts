/** Keys, budgets, usage and audit of the gateway: what is sent, with whose key and in whose name, and what is shown. */
import { expect } from "chai";
import type { Answer } from "../../../cli/types";
import { parse } from "yaml";
import { tiny } from "../support/config";
import { aictl, dev, json, now, production, stackText, type Given } from "./support";

const project = "/api/v1/namespaces/ai-development";
const secretPath = `${project}/secrets/gateway-admin`;
const base = `${project}/services/http:gateway:http/proxy/admin/v1`;
const reviews = "/apis/authentication.k8s.io/v1/selfsubjectreviews";
const secret = { data: { key: Buffer.from("oap_admin000_secret\n").toString("base64") } };
const ok = (value: unknown, status = 200): Answer => ({ status, text: JSON.stringify(value) });
const me = ok({ status: { userInfo: { username: "alice@example.com" } } }, 201);

/** A gateway that answers so. @param proxied by method and path below the administration's */
function gateway(proxied: Readonly<Record<string, Answer>>, given: Given = {}): Given {
  const own = Object.fromEntries(
    Object.entries(proxied).map(([call, answer]) => {
      const [method = "", path = ""] = call.split(" ");
      return [`${method} ${base}/${path}`, answer];
    }),
  );
  return { answers: { [secretPath]: secret }, ...given, proxied: { [reviews]: me, ...own } };
}
const sent = (done: Awaited<ReturnType<typeof aictl>>) => done.calls.filter(({ verb }) => verb === "send");

const key = { id: "k3j9x0ab", name: "laptop", user: "alice", team: "ml", sees: "own", createdAt: new Date(now - 7_200_000).toISOString(), createdBy: "bob" };

describe("aictl keys", () => {
  it("lists them, with what each may and whether it works", async () => {
    const keys = [
      key,
      { ...key, id: "gone0000", models: ["a", "b"], revokedAt: "2026-01-01T00:00:00Z" },
      { ...key, id: "late0000", expiresAt: "2026-02-01T00:00:00Z" },
      { ...key, id: "soon0000", expiresAt: "2026-03-01T00:00:00Z" },
      { ...key, id: "both0000", oldUntil: "2026-02-04T00:00:00Z" },
    ];
    const done = await aictl(dev("keys", "list", "--team", "ml", "--all"), gateway({ "GET keys?team=ml&all=true": ok({ keys }) }));
    expect(done.code, done.notes).to.equal(0);
    const line = (id: string) => done.out.split("\n").find((one) => one.startsWith(id)) ?? "";
    expect(line("k3j9x0ab")).to.match(/laptop +alice +ml +- +own +2 h +works$/);
    expect(line("gone0000")).to.match(/a,b .*revoked 2026-01-01/);
    expect(line("late0000")).to.match(/expired 2026-02-01/);
    expect(line("soon0000")).to.match(/works until 2026-03-01/);
    expect(line("both0000")).to.match(/the old one works until 2026-02-04/);
  });

  it("asks with the administrator's key where the API server lets it through, and only names who asks where something changes", async () => {
    const done = await aictl(dev("keys", "list"), gateway({ "GET keys?": ok({ keys: [] }) }));
    expect(sent(done).map(({ headers }) => headers)).to.deep.equal([{ "x-api-key": "oap_admin000_secret" }]);
    expect(done.out + done.notes).not.to.include("secret");
  });

  it("makes one, in the name of who asks, and shows it once", async () => {
    const made = { ...key, key: "oap_k3j9x0ab_s", expiresAt: "2026-05-04T04:05:06.000Z" };
    const line = ["keys", "create", "laptop", "--user", "alice", "--team", "ml", "--model", "a", "b", "--expires", "90d", "--tokens-per-minute", "5000"];
    const done = await aictl(dev(...line, "--budget-cost", "20", "--sees", "team"), gateway({ "POST keys": ok(made, 201) }));
    expect(done.code, done.notes).to.equal(0);
    expect(sent(done)).to.deep.equal([
      {
        verb: "send",
        method: "POST",
        path: `${base}/keys`,
        headers: { "x-api-key": "oap_admin000_secret", "x-actor": "alice@example.com" },
        body: {
          name: "laptop",
          user: "alice",
          team: "ml",
          models: ["a", "b"],
          limits: { tokensPerMinute: 5000 },
          budgets: [{ period: "month", cost: 20 }],
          expires: "2026-05-04T04:05:06.000Z",
          sees: "team",
        },
      },
    ]);
    expect(done.out)
      .to.match(/^key: +oap_k3j9x0ab_s$/m)
      .and.to.include("not shown again");
  });

  it("names whoever this machine knows, where the API server does not say", async () => {
    const done = await aictl(dev("keys", "revoke", "k3j9x0ab"), {
      answers: { [secretPath]: secret },
      proxied: { [`DELETE ${base}/keys/k3j9x0ab`]: { status: 204, text: "" }, [reviews]: { status: 404, text: "{}" } },
    });
    expect(sent(done)[0]?.headers).to.include({ "x-actor": "alice" });
    expect(done.out).to.equal("key k3j9x0ab is refused from now on\n");
  });

  it("gives one another secret, with time for the old one", async () => {
    const made = { ...key, key: "oap_k3j9x0ab_t", oldUntil: "2026-02-04T04:05:06Z" };
    const done = await aictl(dev("keys", "rotate", "k3j9x0ab", "--grace", "1d"), gateway({ "POST keys/k3j9x0ab/rotate": ok(made) }));
    expect(sent(done)[0]?.body).to.deep.equal({ graceSeconds: 86_400 });
    expect(done.out).to.match(/old secret until: +2026-02-04/);
  });

  for (const [what, line] of [
    ["a duration", ["keys", "rotate", "k", "--grace", "1 day"]],
    ["a time", ["keys", "create", "a", "--user", "u", "--team", "ml", "--expires", "soon"]],
    ["whose it is", ["keys", "create", "a", "--team", "ml"]],
    ["what it sees", ["keys", "create", "a", "--user", "u", "--team", "ml", "--sees", "everything"]],
    ["a bound", ["budgets", "set", "team", "ml"]],
    ["a scope", ["budgets", "set", "project", "ml", "--budget-cost", "1"]],
    ["an amount", ["budgets", "set", "team", "ml", "--budget-cost", "-1"]],
    ["a period", ["budgets", "remove", "team", "ml", "--period", "year"]],
  ] as const) {
    it(`sends nothing where ${what} is wrong: ${line.join(" ")}`, async () => {
      const done = await aictl(dev(...line), gateway({}));
      expect(done.code).to.equal(2);
      expect(sent(done)).to.deep.equal([]);
    });
  }

  for (const line of [
    ["keys", "create", "a", "--user", "u", "--team", "ml"],
    ["keys", "rotate", "k"],
    ["keys", "revoke", "k"],
    ["budgets", "set", "team", "ml", "--budget-cost", "1"],
    ["budgets", "remove", "team", "ml"],
  ] as const) {
    it(`sends nothing with --dry-run, and nothing to production that is not confirmed: ${line.join(" ")}`, async () => {
      const dry = await aictl(dev("--dry-run", ...line), gateway({}));
      expect([dry.code, sent(dry)], dry.notes).to.deep.equal([0, []]);
      expect(dry.out).to.match(/^would /);
      const files = { "Pulumi.production.yaml": stackText(production) };
      const unconfirmed = await aictl(["--stack", "production", ...line], gateway({}, { files }));
      expect([unconfirmed.code, sent(unconfirmed)]).to.deep.equal([3, []]);
    });
  }
});

describe("aictl budgets", () => {
  const budget = { scope: "team", name: "ml", period: "month", source: "config", tokens: null, spentTokens: 70, leftTokens: null, currency: "EUR" };

  it("lists what is spent and left, and who said so", async () => {
    const budgets = [
      { ...budget, cost: 500, spentCost: 12.5, leftCost: 487.5, renews: "2026-03-01T00:00:00Z" },
      { ...budget, scope: "user", name: "alice", source: "override", tokens: 100, leftTokens: 30, cost: null, spentCost: 0, leftCost: null, renews: "x" },
    ];
    const done = await aictl(dev("budgets", "list"), gateway({ "GET budgets": ok({ budgets }) }));
    expect(done.out).to.match(/^team +ml +month +- +70 +- +500\.00 EUR +12\.50 EUR +487\.50 EUR +2026-03-01T00:00:00Z +configuration$/m);
    expect(done.out).to.match(/^user +alice +month +100 +70 +30 +- +0\.00 EUR +- +x +aictl$/m);
  });

  it("sets and removes one, whatever its name", async () => {
    const set = await aictl(
      dev("budgets", "set", "user", "a/b c", "--budget-tokens", "100", "--period", "day"),
      gateway({ "PUT budgets/user/a%2Fb%20c": ok({ scope: "user" }) }),
    );
    expect([set.code, sent(set)[0]?.body], set.notes).to.deep.equal([0, { period: "day", tokens: 100 }]);
    const removed = await aictl(dev("budgets", "remove", "team", "ml"), gateway({ "DELETE budgets/team/ml?period=month": { status: 204, text: "" } }));
    expect(removed.code, removed.notes).to.equal(0);
  });
});

describe("aictl usage", () => {
  const row = { team: "ml", user: "alice", model: "a", requests: 3, inputTokens: 10, outputTokens: 20, gpuSeconds: 1.25, cost: 0.5 };
  const report = { from: "a", to: "b", by: ["team", "user", "model"], currency: "EUR", rows: [row], complete: true };
  const path = "usage?by=team%2Cuser%2Cmodel";

  it("shows who used how much", async () => {
    const done = await aictl(dev("usage"), gateway({ [`GET ${path}`]: ok(report) }));
    expect(done.out).to.match(/^TEAM +USER +MODEL +REQUESTS +TOKENS IN +TOKENS OUT +GPU SECONDS +COST, EUR$/m);
    expect(done.out).to.match(/^ml +alice +a +3 +10 +20 +1\.3 +0\.5000$/m);
    expect(json<object>(await aictl(dev("-o", "json", "usage"), gateway({ [`GET ${path}`]: ok(report) })))).to.deep.equal(report);
  });

  it("says where a report was cut", async () => {
    const done = await aictl(dev("usage"), gateway({ [`GET ${path}`]: ok({ ...report, complete: false }) }));
    expect(done.notes).to.include("there are more rows");
  });

  it("gives CSV as the gateway does", async () => {
    const done = await aictl(
      dev("usage", "--csv", "--by", "user", "--from", "2026-01-01"),
      gateway({ "GET usage?by=user&from=2026-01-01&format=csv": { status: 200, text: "user,requests\nalice,3\n" } }),
    );
    expect(done.out).to.equal("user,requests\nalice,3\n");
  });
});

describe("aictl audit", () => {
  it("shows who changed what", async () => {
    const changes = [
      { id: 1, at: "2026-02-01T00:00:00Z", actor: "bob", action: "key.create", target: "k3j9x0ab", before: null, after: {}, address: "10.0.0.1" },
    ];
    const done = await aictl(dev("audit", "--limit", "5"), gateway({ "GET audit?limit=5": ok({ changes }) }));
    expect(done.out).to.match(/2026-02-01T00:00:00Z +bob +key\.create +k3j9x0ab +10\.0\.0\.1/);
  });
});

describe("what aictl says when the gateway refuses", () => {
  const refused = (status: number, message: string) => gateway({ "GET budgets": { status, text: JSON.stringify({ error: { message } }) } });
  const cases: readonly (readonly [why: string, given: Given, code: number, message: RegExp])[] = [
    ["there is none", { answers: {} }, 1, /has no Secret gateway-admin with a key: there is no gateway\nfix: set openshift-ai-platform:gateway/],
    ["the request is wrong", refused(400, "team: got x"), 2, /team: got x/],
    ["the key is not its own", refused(401, "no"), 1, /does not take the key of Secret ai-development\/gateway-admin/],
    ["it knows no such thing", refused(404, "there is none of that name"), 1, /there is none of that name\nfix: aictl keys list/],
    [
      "no pod is ready",
      gateway({ "GET budgets": { status: 503, text: '{"message":"no endpoints available"}' } }),
      5,
      /does not answer: no endpoints available/,
    ],
    ["it fails", refused(500, "lost"), 1, /answered 500: lost/],
  ];
  for (const [why, given, code, message] of cases) {
    it(`when ${why}`, async () => {
      const done = await aictl(dev("budgets", "list"), given);
      expect([done.code, done.notes]).to.satisfy(([actual, notes]: [number, string]) => actual === code && message.test(notes), `${done.code} ${done.notes}`);
    });
  }
});

describe("aictl connect", () => {
  const team = (name: string, models: readonly string[]) => ({ name, group: name, quota: { cpu: "1", memory: "1Gi" }, models });
  const files = (gateway: object = {}) => ({
    "Pulumi.dev.yaml": stackText({ platform: "openshift", gateway, teams: [team("ml", [tiny]), team("web", [])] }),
  });
  const connect = (...line: readonly string[]) => aictl(dev("connect", ...line), { files: files({ host: "api.example.com" }) });
  const base = "https://api.example.com/v1";

  it("writes Continue's file, which finds the key in its own secrets", async () => {
    const done = await connect("continue", "--team", "ml");
    const { models } = parse(done.out) as { models: readonly Record<string, unknown>[] };
    expect(models).to.deep.equal([
      {
        name: tiny,
        provider: "openai",
        model: tiny,
        apiBase: base,
        apiKey: "${{ secrets.AI_PLATFORM_KEY }}",
        roles: ["chat", "edit", "apply"],
        defaultCompletionOptions: { contextLength: 4096, maxTokens: 2048 },
      },
    ]);
    expect(done.notes).to.include("~/.continue/config.yaml");
  });

  it("writes opencode's, which finds it in the environment", async () => {
    const { provider } = json<{ provider: Record<string, { options: object; models: Record<string, object> }> }>(await connect("opencode", "--tools"));
    expect(provider["ai-platform"]?.options).to.deep.equal({ baseURL: base, apiKey: "{env:AI_PLATFORM_KEY}" });
    expect(provider["ai-platform"]?.models).to.deep.equal({ [tiny]: { name: tiny, tool_call: true, limit: { context: 4096, output: 2048 } } });
  });

  it("writes VS Code's, which asks for it", async () => {
    const [group] = json<readonly { vendor: string; models: readonly object[] }[]>(await connect("vscode"));
    expect(group?.vendor).to.equal("customendpoint");
    expect(group?.models[0]).to.include({ id: tiny, url: `${base}/chat/completions`, toolCalling: false, maxInputTokens: 2048, maxOutputTokens: 2048 });
  });

  it("tells OpenAI's clients and Cursor the address", async () => {
    expect((await connect("openai")).out).to.match(/^export OPENAI_BASE_URL=https:\/\/api\.example\.com\/v1$/m);
    expect((await connect("cursor")).out).to.include(`Override OpenAI Base URL: ${base}`);
  });

  it("takes an address that is given, else a forwarded port where nothing is public", async () => {
    expect((await connect("openai", "--url", "http://127.0.0.1:9999")).out).to.include("OPENAI_BASE_URL=http://127.0.0.1:9999/v1");
    const forwarded = await aictl(dev("connect", "openai"), { files: files() });
    expect(forwarded.out).to.include("OPENAI_BASE_URL=http://127.0.0.1:8080/v1");
    expect(forwarded.notes).to.include("kubectl -n ai-development port-forward service/gateway 8080");
  });

  it("shows only the models of a team", async () => {
    expect((await connect("openai", "--team", "web")).out).to.match(/^# models: $/m);
  });

  for (const [why, line, message] of [
    ["an unknown client", ["emacs"], /emacs: no configuration for it\nfix: one of continue, cursor, openai, opencode, vscode/],
    ["an unknown team", ["openai", "--team", "ops"], /no such team\nfix: one of ml, web/],
    ["an address with a path", ["openai", "--url", "https://api.example.com/v1"], /no address/],
  ] as const) {
    it(`refuses ${why}`, async () => {
      const done = await connect(...line);
      expect([done.code, done.out]).to.deep.equal([2, ""]);
      expect(done.notes).to.match(message);
    });
  }

  it("says that there is no gateway", async () => {
    const done = await aictl(dev("connect", "openai"), { files: { "Pulumi.dev.yaml": stackText() } });
    expect([done.code, done.notes]).to.satisfy(([code, notes]: [number, string]) => code === 2 && notes.includes("the stack has no gateway"));
  });
});
