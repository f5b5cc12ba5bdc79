/** Field ownership: what a create or an older tool of ours owns as "Update" is moved to our "Apply" manager, so that applying sees no conflict and removes what is no longer said. */
import { at, isMap, listAt, mapAt, textAt, type MutableMap, type Value, type ValueMap } from "../lib/values";
import type { ApiError } from "./api";

/** Manager of a plain create, as in the official provider. */
export const CREATE_MANAGER = "pulumi-kubernetes";
/** Managers that are this program under another name, or kubectl in the same hands: `name/operation`. */
const OURS: ReadonlySet<string> = new Set([
  "kubectl/Apply",
  "kubectl/Update",
  "before-first-apply/Update",
  `${CREATE_MANAGER}/Update`,
  "pulumi-kubernetes.exe/Update",
  "pulumi-resource-kubernetes/Update",
]);

/** Owned fields of two managers together (`f:`, `k:` and `v:` trees). */
function union(a: ValueMap, b: ValueMap): ValueMap {
  const result: MutableMap = { ...a };
  for (const [key, value] of Object.entries(b)) result[key] = isMap(result[key]) && isMap(value) ? union(result[key], value) : (result[key] ?? value);
  return result;
}

const isOurs = (entry: Value): boolean => OURS.has(`${textAt(entry, "manager") ?? ""}/${textAt(entry, "operation") ?? ""}`) && !textAt(entry, "subresource");

/** JSON patch that makes `manager` the owner of what our other names own; undefined = nothing to move. */
export function takeOver(live: ValueMap, manager: string): Value | undefined {
  const entries = listAt(live, "metadata", "managedFields");
  const moved = entries.filter(isOurs);
  if (moved.length === 0) return undefined;
  const own = entries.find((entry) => textAt(entry, "manager") === manager && textAt(entry, "operation") === "Apply");
  const base = own ?? moved[0];
  const fields = [...moved, ...(own === undefined ? [] : [own])].reduce<ValueMap>((all, entry) => union(all, mapAt(entry, "fieldsV1")), {});
  const rest = entries.filter((entry) => !isOurs(entry) && entry !== own);
  const managedFields = [...rest, { ...mapAt(base), manager, operation: "Apply", fieldsV1: fields }];
  return [
    // Fails when someone wrote in between; then it is done anew.
    { op: "replace", path: "/metadata/resourceVersion", value: textAt(live, "metadata", "resourceVersion") ?? "" },
    { op: "replace", path: "/metadata/managedFields", value: managedFields },
  ];
}

/** Whether a dry run may force: the conflict is with ourselves and a real update would move the fields first. */
export const hasOurUpdates = (live: ValueMap): boolean => {
  const entries = listAt(live, "metadata", "managedFields");
  return entries.length === 0 || entries.some(isOurs);
};

/** A conflict as the user needs it: which field is held by whom, and what to do. */
export function explainConflict(error: ApiError, manager: string): Error {
  const held = error.causes.map((cause) => `  ${cause.field || "?"}: ${cause.message}`).join("\n");
  return new Error(
    `server-side apply conflict: another manager holds fields that ${manager} wants to set\n${held || `  ${error.message}`}\n` +
      '  To take them over, set the annotation "pulumi.com/patchForce": "true" on the object; to leave them to the other manager, drop them from the program or use ignoreChanges',
  );
}

/** Whether a manager other than ours owns a path of plain fields, and ours does not (for ignoreChanges). */
export function ownedByOthersOnly(live: ValueMap, manager: string, path: readonly string[]): boolean {
  const keys = path.map((part) => `f:${part}`);
  const owners = listAt(live, "metadata", "managedFields").filter((entry) => at(entry, "fieldsV1", ...keys) !== undefined);
  return owners.length > 0 && owners.every((entry) => textAt(entry, "manager") !== manager && !isOurs(entry));
}
