/** The dashboard of the pools, as Grafana reads it from a file or a ConfigMap. Pure. */
import { gpuMemory, gpuUse } from "./gpuAlerts";
import { gpuMetrics, routerMetrics, sidecarMetrics } from "./metrics";
import { quantile, rate, series, sumBy, type Matchers } from "./promql";
import { recorded } from "./recording";

interface Panel {
  readonly title: string;
  /** Unit as Grafana names it. */
  readonly unit: string;
  readonly queries: readonly { readonly expr: string; readonly legend: string }[];
  readonly description?: string;
}

interface Section {
  readonly title: string;
  readonly panels: readonly Panel[];
}

/** Chosen at the top of the dashboard. */
const chosen = { namespace: /$namespace/, pool: /$pool/ };
const gpus: Matchers = { exported_namespace: /$namespace/, exported_pod: /($pool)-[a-z0-9]+-[a-z0-9]{5}/ };

const one = (expr: string, legend: string) => [{ expr, legend }];
const window = "$__rate_interval";
const gpu = "{{Hostname}}{{hostname}} {{gpu}}";

function times(name: string): Panel["queries"] {
  return [0.5, 0.95, 0.99].map((share) => ({ expr: quantile(share, name, chosen, ["pool"], window), legend: `{{pool}} p${share * 100}` }));
}

const sections: readonly Section[] = [
  {
    title: "What users feel",
    panels: [
      {
        title: "Requests by status",
        unit: "reqps",
        queries: one(sumBy(["pool", "status"], rate(series(routerMetrics.requests, chosen), window)), "{{pool}} {{status}}"),
      },
      { title: "Time to the first token", unit: "s", queries: times(sidecarMetrics.firstToken) },
      { title: "Time per token", unit: "s", queries: times(sidecarMetrics.perToken) },
      {
        title: "Tokens",
        unit: "tokens/s",
        description: "input: prompts read; output: tokens written",
        queries: one(sumBy(["pool", "gen_ai_token_type"], rate(series(`${sidecarMetrics.tokens}_sum`, chosen), window)), "{{pool}} {{gen_ai_token_type}}"),
      },
      { title: "Errors", unit: "percentunit", queries: one(series(recorded.errors, chosen), "{{pool}}") },
      {
        title: "Error budgets, last hour",
        unit: "percentunit",
        description: "share of late first tokens, and of refused and failed requests; the promise is in the stack's configuration",
        queries: [
          { expr: series(recorded.slow("1h"), chosen), legend: "{{pool}} late" },
          { expr: series(recorded.unavailable("1h"), chosen), legend: "{{pool}} unavailable" },
        ],
      },
    ],
  },
  {
    title: "Load",
    panels: [
      {
        title: "Requests in flight and waiting",
        unit: "short",
        queries: [
          { expr: series(recorded.inFlight, chosen), legend: "{{pool}} both" },
          { expr: series(recorded.waiting, chosen), legend: "{{pool}} waiting" },
          { expr: sumBy(["pool"], series(sidecarMetrics.slots, chosen)), legend: "{{pool}} slots" },
        ],
      },
      { title: "Wait in the queue, p95", unit: "s", queries: one(series(recorded.queueWait, chosen), "{{pool}}") },
      {
        title: "Requests by model",
        unit: "reqps",
        queries: one(sumBy(["pool", "model"], rate(series(sidecarMetrics.requests, chosen), window)), "{{pool}} {{model}}"),
      },
      {
        title: "Requests tried again",
        unit: "reqps",
        queries: one(sumBy(["pool", "reason"], rate(series(routerMetrics.retries, chosen), window)), "{{pool}} {{reason}}"),
      },
    ],
  },
  {
    title: "Replicas",
    panels: [
      {
        title: "Replicas by state",
        unit: "short",
        queries: one(`max by (pool, state) (${series(routerMetrics.replicas, chosen)})`, "{{pool}} {{state}}"),
      },
      {
        title: "Replicas by revision",
        unit: "short",
        description: "one revision but during a rollout",
        queries: one(sumBy(["pool", "revision"], series(sidecarMetrics.up, chosen)), "{{pool}} {{revision}}"),
      },
      {
        title: "Models in memory",
        unit: "short",
        queries: one(sumBy(["pool", "model"], series(sidecarMetrics.loaded, chosen)), "{{pool}} {{model}}"),
      },
      {
        title: "Memory of models",
        unit: "bytes",
        queries: one(`max by (pool, model, kind) (${series(sidecarMetrics.memory, chosen)})`, "{{pool}} {{model}} {{kind}}"),
      },
    ],
  },
  {
    title: "GPUs",
    panels: [
      { title: "Use", unit: "percent", queries: one(gpuUse(gpus), gpu) },
      { title: "Memory", unit: "percentunit", queries: one(gpuMemory(gpus), gpu) },
      { title: "Temperature", unit: "celsius", queries: one(series(gpuMetrics.temperature, gpus), gpu) },
      { title: "Power", unit: "watt", queries: one(series(gpuMetrics.power, gpus), gpu) },
      { title: "Last error (XID)", unit: "none", queries: one(series(gpuMetrics.lastXid, gpus), gpu) },
    ],
  },
];

/** All queries, for checks. */
export function dashboardQueries(): readonly string[] {
  return sections.flatMap(({ panels }) => panels.flatMap(({ queries }) => queries.map(({ expr }) => expr)));
}

const width = 8;
const height = 8;
const perRow = 24 / width;

/** @param title of the dashboard, @param namespace that it opens with */
export function dashboard(title: string, namespace: string): object {
  const panels: object[] = [];
  let top = 0;
  for (const section of sections) {
    panels.push({ id: panels.length + 1, type: "row", title: section.title, collapsed: false, panels: [], gridPos: { x: 0, y: top, w: 24, h: 1 } });
    top += 1;
    for (const [i, panel] of section.panels.entries()) {
      panels.push(panelOf(panel, panels.length + 1, { x: (i % perRow) * width, y: top + Math.floor(i / perRow) * height, w: width, h: height }));
    }
    top += Math.ceil(section.panels.length / perRow) * height;
  }
  return {
    uid: "openshift-ai-platform-models",
    title,
    tags: ["openshift-ai-platform"],
    schemaVersion: 39,
    editable: true,
    refresh: "30s",
    time: { from: "now-3h", to: "now" },
    timezone: "browser",
    templating: { list: [source, choice("namespace", "namespace", "", namespace), choice("pool", "pool", `{namespace=~"$namespace"}`, undefined)] },
    panels,
  };
}

const datasource = { type: "prometheus", uid: "${datasource}" };

function panelOf({ title, unit, queries, description }: Panel, id: number, gridPos: object): object {
  return {
    id,
    type: "timeseries",
    title,
    ...(description === undefined ? {} : { description }),
    datasource,
    gridPos,
    fieldConfig: { defaults: { unit, min: 0, custom: { fillOpacity: 10, showPoints: "never" } }, overrides: [] },
    options: { legend: { displayMode: "list", placement: "bottom" }, tooltip: { mode: "multi", sort: "desc" } },
    targets: queries.map(({ expr, legend }, i) => ({ refId: String.fromCharCode(65 + i), datasource, expr, legendFormat: legend, range: true })),
  };
}

const source = { name: "datasource", label: "Prometheus", type: "datasource", query: "prometheus", refresh: 1 };

function choice(name: string, label: string, matchers: string, first: string | undefined): object {
  const query = `label_values(${routerMetrics.replicas}${matchers}, ${label})`;
  return {
    name,
    type: "query",
    datasource,
    definition: query,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: first === undefined,
    includeAll: first === undefined,
    ...(first === undefined ? {} : { current: { text: first, value: first } }),
  };
}
