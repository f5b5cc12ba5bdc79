import { expect } from "chai";
import { quiet } from "../../tools/stack/output";

function shown(lines: readonly (string | number)[]): string[] {
  const printed: string[] = [];
  let time = 0;
  const show = quiet(
    (line) => printed.push(line),
    () => time,
  );
  for (const line of lines) {
    if (typeof line === "number") time += line * 1000;
    else show(line);
  }
  return printed;
}

describe("the output of an up", () => {
  it("has what was done, and leaves out what was begun and what did not change", () => {
    expect(
      shown([
        "Updating (dev):",
        " +  kubernetes:core/v1:Service ollama creating (0s)",
        " +  kubernetes:core/v1:Service ollama created (0.1s)",
        " +  kubernetes:core/v1:Service ollama created (0.1s)",
        " ~  kubernetes:core/v1:Namespace ai refreshing (0s)",
        "    kubernetes:core/v1:Namespace ai refresh (0.03s)",
        "@ updating....",
        "",
        " +  kubernetes:core/v1:Service ollama created (0.1s) Service is Pending",
        "    + 20 created",
        "The resources in the stack have been deleted, but the history and configuration associated with the stack are still maintained.",
      ]),
    ).to.deep.equal([" +  kubernetes:core/v1:Service ollama created (0.1s)", "    + 20 created"]);
  });

  it("says every few seconds what is waited for and why", () => {
    const line = " +  kubernetes:apps/v1:Deployment ollama creating (3s) 0 of 1 pods available";
    expect(shown([line, 1, line, 5, line, 1, line])).to.deep.equal([line]);
  });

  it("never leaves out a failure", () => {
    const line = " +  kubernetes:apps/v1:Deployment ollama **creating failed** error: no";
    expect(shown([line])).to.deep.equal([line]);
  });
});
