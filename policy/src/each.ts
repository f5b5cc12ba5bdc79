/** Several parts of one object, looked at one by one. */
import type { KubeObject } from "./objects";
import type { Problem } from "./policy";
import { Malformed, NotDecided } from "./values";

/** All that is wrong with some parts. What is known to be wrong in one outweighs what is unknown in another. @throws NotDecided where nothing is wrong, but something unknown */
export function each<T>(parts: readonly T[], check: (part: T) => readonly Problem[]): readonly Problem[] {
  const problems: Problem[] = [];
  let unknown: NotDecided | undefined;
  for (const part of parts) {
    try {
      problems.push(...check(part));
    } catch (error) {
      if (error instanceof NotDecided) unknown ??= error;
      else if (error instanceof Malformed) problems.push({ path: error.path, value: error.value, message: `must be ${error.expected}` });
      else throw error;
    }
  }
  if (problems.length === 0 && unknown !== undefined) throw unknown;
  return problems;
}

/** As `each`, for different checks of one object. */
export function all(...checks: readonly (() => readonly Problem[])[]): readonly Problem[] {
  return each(checks, (check) => check());
}

/** Before something is said to be missing: none of the objects that could be it has a name or namespace that is known only after `up`. @throws NotDecided */
export function named(objects: readonly KubeObject[]): void {
  for (const object of objects) for (const field of ["namespace", "name"]) object.view().get(`metadata.${field}`);
}
