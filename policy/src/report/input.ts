/** What a report is made from: the results of one run, as plain data. */
import type { Controls, Group, Severity } from "../policy";

export interface PolicyEntry {
  readonly number: number;
  readonly name: string;
  readonly title: string;
  readonly group: Group;
  readonly severity: Severity;
  /** How a violation counts in this environment. */
  readonly level: "advisory" | "mandatory" | "disabled";
  readonly controls: Controls;
  readonly layer?: string;
  readonly fix: string;
  /** Address of its page. */
  readonly page: string;
  /** false: its layer is not built, or it is switched off. */
  readonly applicable: boolean;
}

export interface ObjectEntry {
  readonly id: string;
  readonly urn?: string;
  /** `Kind namespace/name` */
  readonly title: string;
}

export interface ResultEntry {
  /** Name of the policy. */
  readonly policy: string;
  /** Identifier of the object. */
  readonly object: string;
  /** Where in the object the unit stands; "" for the object itself. */
  readonly unit: string;
  readonly outcome: "passed" | "violated" | "exempted" | "not decided" | "error";
  readonly problems: readonly { readonly path: string; readonly value: string; readonly message: string }[];
  readonly evidence?: readonly { readonly path: string; readonly value: string }[];
  readonly exemption?: Excuse;
}

export interface Excuse {
  readonly reason: string;
  readonly owner: string;
  /** YYYY-MM-DD */
  readonly expires: string;
}

export interface ExemptionEntry extends Excuse {
  readonly policy: string;
  readonly resource: string;
  readonly state: "used" | "unused" | "expired";
}

export interface Results {
  /** Of the policy pack. */
  readonly version: string;
  readonly stack: string;
  readonly settings: { readonly environment: string; readonly platform: string };
  readonly policies: readonly PolicyEntry[];
  readonly objects: readonly ObjectEntry[];
  readonly results: readonly ResultEntry[];
  readonly exemptions: readonly ExemptionEntry[];
}
