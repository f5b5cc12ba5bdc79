/**
 * The compliance report in a real browser: what axe-core finds, at the width of a desktop and of a phone, light and dark; by keyboard; on paper. REPORT=file looks at
 * that page in place of one of every outcome; SCREENSHOTS=dir keeps pictures.
 */
import { expect } from "chai";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { formats } from "../../policy/src/report";
import { npmPackage } from "../../tools/toolchain/npm";
import { excuse, mixed, report, result } from "../policy/reportResults";
import { startBrowser, type Browser, type Page } from "./chromium";

interface Found {
  readonly violations: readonly { readonly id: string; readonly help: string; readonly nodes: readonly { readonly target: readonly string[]; readonly failureSummary: string }[] }[]; // prettier-ignore
  readonly passes: readonly { readonly id: string }[];
}

const sizes = { desktop: { width: 1280, height: 900, mobile: false }, phone: { width: 390, height: 844, mobile: true } } as const;

describe("the compliance report in a browser", function () {
  this.timeout(300_000);
  const dir = mkdtempSync(join(tmpdir(), "oap-report-"));
  let browser: Browser;
  let page: Page;
  let axe: string;
  let url: string;
  before(async () => {
    axe = readFileSync(
      join(
        await npmPackage({
          name: "axe-core",
          version: "4.14.1",
          integrity: "sha512-FHfa+lmNjQZfJz1q8wKqIDwC6DExcHt/pkjNQb09a3NPjCKg2rhu5qb2S4r76ASyFNNtuFooJpZe37OgudVGtQ==",
        }),
        "axe.min.js",
      ),
      "utf8",
    );
    const file = process.env.REPORT ? resolve(process.env.REPORT) : join(dir, "report.html");
    if (!process.env.REPORT) writeFileSync(file, everything());
    url = pathToFileURL(file).href;
    browser = await startBrowser();
    page = browser.page;
  });
  after(async () => {
    await browser.close();
    rmSync(dir, { recursive: true });
  });

  for (const [name, size] of Object.entries(sizes))
    for (const scheme of ["light", "dark"])
      it(`has nothing that axe finds wrong, ${name}, ${scheme}, all opened`, async () => {
        await show(size, scheme);
        await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
        const { violations, passes } = await inspected();
        expect(violations.flatMap(({ id, help, nodes }) => nodes.map(({ target, failureSummary }) => `${id} (${help}) at ${target.join(" ")}: ${failureSummary}`))).to.deep.equal([]); // prettier-ignore
        expect(passes.map(({ id }) => id)).to.include.members(["color-contrast", "document-title", "html-has-lang", "bypass", "link-name"]);
      });

  it("is no wider than a phone, and leaves no text a narrow column there", async () => {
    await show(sizes.phone);
    await page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })");
    expect(await page.evaluate("document.documentElement.scrollWidth")).to.equal(390);
    expect(await page.evaluate("Math.min(...[...document.querySelectorAll('caption, tbody th, td > div, summary')].map((one) => one.offsetWidth))")).to.be.greaterThan(150); // prettier-ignore
  });

  it("can be opened and left by keyboard alone: the skip link comes first, and Enter opens a policy", async () => {
    await show(sizes.desktop);
    await key("Tab", 9);
    expect(await page.evaluate("document.activeElement.className")).to.equal("skip");
    await page.evaluate("document.querySelector('summary').focus()");
    await key("Enter", 13);
    expect(await page.evaluate("document.querySelector('details').open")).to.equal(true);
  });

  it("runs no script and asks for nothing from outside", async () => {
    await show(sizes.desktop);
    expect(await page.evaluate("performance.getEntriesByType('resource').length")).to.equal(0);
    const refused = "new Promise((said) => { addEventListener('securitypolicyviolation', () => said(true)); const one = document.createElement('script'); one.textContent = 'window.ran = 1'; document.body.append(one); setTimeout(() => said(false), 1000); })"; // prettier-ignore
    expect(await page.evaluate(refused)).to.equal(true);
    expect(await page.evaluate("window.ran")).to.equal(undefined);
  });

  it("prints in black on white, without its navigation", async () => {
    await show(sizes.desktop, "dark");
    await page.send("Emulation.setEmulatedMedia", { media: "print" });
    expect(await page.evaluate("getComputedStyle(document.querySelector('nav')).display")).to.equal("none");
    expect(await page.evaluate("getComputedStyle(document.body).backgroundColor + getComputedStyle(document.body).color")).to.equal("rgb(255, 255, 255)rgb(0, 0, 0)"); // prettier-ignore
    const { data } = (await page.send("Page.printToPDF", { printBackground: false })) as { data: string };
    expect(Buffer.from(data, "base64").subarray(0, 5).toString()).to.equal("%PDF-");
  });

  it("makes pictures small enough for the documentation", async () => {
    const out = process.env.SCREENSHOTS || dir;
    mkdirSync(out, { recursive: true });
    for (const [name, size] of Object.entries(sizes)) {
      await show(size);
      const { data } = (await page.send("Page.captureScreenshot", { format: "png" })) as { data: string };
      const picture = Buffer.from(data, "base64");
      expect(picture.length).to.be.within(10 * 1024, 300 * 1024);
      writeFileSync(join(out, `compliance-${name}.png`), picture);
    }
  });

  async function show(size: (typeof sizes)[keyof typeof sizes], scheme = "light"): Promise<void> {
    await page.send("Emulation.setDeviceMetricsOverride", { ...size, deviceScaleFactor: 1 });
    await page.send("Emulation.setEmulatedMedia", { media: "screen", features: [{ name: "prefers-color-scheme", value: scheme }] });
    await page.open(url);
  }

  /** axe is put in beside the page's own policy for scripts, which allows none. */
  async function inspected(): Promise<Found> {
    await page.evaluate(`${axe}; undefined`);
    return page.evaluate<Found>("axe.run(document, { resultTypes: ['violations', 'passes'] })");
  }

  async function key(name: string, code: number): Promise<void> {
    const event = { key: name, code: name, windowsVirtualKeyCode: code, ...(name === "Enter" ? { text: "\r" } : {}) };
    await page.send("Input.dispatchKeyEvent", { type: "keyDown", ...event });
    await page.send("Input.dispatchKeyEvent", { type: "keyUp", ...event });
  }
});

/** A page with every section filled, and a name without a space. */
function everything(): string {
  const long = `Deployment ai-production/${"a-very-long-name-".repeat(12)}`;
  const rows = Array.from({ length: 30 }, (_, i) => result("job-limits", "web", i % 7 === 0 ? "not decided" : "passed", { unit: `spec.template.spec.containers[${i}]`, evidence: [{ path: `spec.containers[${i}].resources`, value: "{}" }] })); // prettier-ignore
  const exemptions = [{ ...excuse, policy: "image-pinned", resource: `${long}*`, state: "used" }, { ...excuse, policy: "job-limits", resource: "Job *", state: "expired" }] as const; // prettier-ignore
  return formats[0]?.write(report([...mixed, ...rows], { exemptions, stack: "production" })) ?? "";
}
