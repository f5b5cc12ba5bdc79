/**
 * The frameworks whose controls policies support, and where each control was read. A control that is not listed here was not confirmed in a source that could be
 * opened: reports leave it out and count it as unconfirmed.
 */
import type { Controls } from "./policy";
import { aiActArticles, cisControls, nistControls, nsaTopics } from "./frameworkControls";

export type FrameworkId = keyof Controls;

/** A document or a machine-readable copy of it that was opened. */
export interface Source {
  readonly document: string;
  readonly version: string;
  /** Repository, commit and path, or the address of the page. */
  readonly read: string;
}

export interface Control {
  readonly id: string;
  /** What it asks for, in a few words. */
  readonly title: string;
  readonly source: Source;
}

export interface Framework {
  readonly id: FrameworkId;
  readonly name: string;
  readonly version: string;
  /** What a report may say of it, and may not. */
  readonly claim: string;
  /** Where its publisher has it. */
  readonly address: string;
  readonly controls: readonly Control[];
}

const byTests = "Policies check settings that support these controls. Whether a control is met takes people, processes and evidence that no program sees.";

/** In the order of reports. */
export const frameworks: readonly Framework[] = [
  {
    id: "cis",
    name: "CIS Kubernetes Benchmark",
    version: "1.8, section 5",
    claim: byTests,
    address: "https://www.cisecurity.org/benchmark/kubernetes",
    controls: cisControls,
  },
  {
    id: "nsa",
    name: "NSA/CISA Kubernetes Hardening Guide",
    version: "1.2 (August 2022)",
    claim: byTests,
    address: "https://media.defense.gov/2022/Aug/29/2003066362/-1/-1/0/CTR_KUBERNETES_HARDENING_GUIDANCE_1.2_20220829.PDF",
    controls: nsaTopics,
  },
  { id: "nist", name: "NIST SP 800-53", version: "Revision 5", claim: byTests, address: "https://doi.org/10.6028/NIST.SP.800-53r5", controls: nistControls },
  {
    id: "aiAct",
    name: "EU AI Act, Regulation (EU) 2024/1689",
    version: "Articles 10 and 12 to 15",
    claim:
      "Policies check settings that support these articles. The articles ask far more, of the providers of high-risk AI systems: nothing here says that a system complies.",
    address: "https://eur-lex.europa.eu/eli/reg/2024/1689/oj",
    controls: aiActArticles,
  },
];

/** The control of a framework, undefined where it is not confirmed. */
export function controlOf(framework: FrameworkId, id: string): Control | undefined {
  return frameworks.find((one) => one.id === framework)?.controls.find((control) => control.id === id);
}

/** What of a policy's controls is not confirmed, as `framework id`. */
export function unconfirmed(controls: Controls): readonly string[] {
  return frameworks.flatMap(({ id }) => (controls[id] ?? []).filter((control) => controlOf(id, control) === undefined).map((control) => `${id} ${control}`));
}
