import { expect } from "chai";
import { settings } from "../../tools/commands/settings";
import { UserError } from "../../tools/lib/errors";

describe("the variables of make", () => {
  it("default to the dev stack on a real node", () => {
    expect(settings({}, undefined)).to.deep.equal({ stack: "dev", platform: undefined, flavor: "real", simulatedBecause: undefined, clusterName: "dev" });
  });

  it("fall back to simulated nodes where a real one cannot run, and keep the reason", () => {
    expect(settings({}, "not root")).to.include({ flavor: "simulated", simulatedBecause: "not root", clusterName: "dev-simulated" });
  });

  it("give no reason when simulated nodes were asked for", () => {
    expect(settings({ FLAVOR: "simulated" }, "not root").simulatedBecause).to.equal(undefined);
  });

  it("are refused all at once, each with what is allowed", () => {
    const wrong = () => settings({ STACK: "Dev", PLATFORM: "openshfit", FLAVOR: "real" }, "not root");
    expect(wrong).to.throw(
      UserError,
      /STACK=Dev: lower-case letters.*\n.*PLATFORM=openshfit: one of openshift, kubernetes\n.*FLAVOR=real: not root; FLAVOR=simulated works here/,
    );
  });
});
