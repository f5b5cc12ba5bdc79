/** The report's style sheet: readable on a phone and on paper, light and dark as the reader's device says. */
export const style = `
:root {
  color-scheme: light dark;
  --text: #1b2430; --soft: #4a5666; --page: #ffffff; --panel: #f3f5f8; --line: #cfd6df; --link: #0b57b0;
  --bad: #a3140f; --bad-panel: #fdecea; --open: #7a4a00; --open-panel: #fff4dc; --good: #14652b; --good-panel: #e6f4ea; --none: #4a5666; --none-panel: #eceff3;
}
@media (prefers-color-scheme: dark) {
  :root {
    --text: #e6eaf0; --soft: #aeb8c6; --page: #12161c; --panel: #1c222b; --line: #3a4452; --link: #8ab8ff;
    --bad: #ffb1ab; --bad-panel: #43191a; --open: #ffd591; --open-panel: #3d2e10; --good: #9fe0b1; --good-panel: #15341f; --none: #b7c0cc; --none-panel: #2a323d;
  }
}
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", Roboto, sans-serif; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--page); padding: .5rem 1rem; z-index: 1; }
header, main, footer { max-width: 74rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 1.5rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.3rem; margin: 2.5rem 0 .75rem; padding-top: .75rem; border-top: 2px solid var(--line); }
h3 { font-size: 1.08rem; margin: 1.75rem 0 .5rem; }
p { margin: .5rem 0; max-width: 60rem; }
a { color: var(--link); }
a:focus-visible, summary:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.soft, caption { color: var(--soft); }
code, .path { font: .9em/1.5 ui-monospace, SFMono-Regular, Consolas, monospace; }
.verdict { border-radius: .5rem; padding: 1rem 1.25rem; margin: 1.25rem 0; border-left: .5rem solid; }
.verdict p { margin: .25rem 0 0; }
.verdict strong { font-size: 1.5rem; line-height: 1.2; }
.failed { color: var(--bad); background: var(--bad-panel); border-color: var(--bad); }
.open { color: var(--open); background: var(--open-panel); border-color: var(--open); }
.passed { color: var(--good); background: var(--good-panel); border-color: var(--good); }
.none { color: var(--none); background: var(--none-panel); border-color: var(--none); }
.badge { display: inline-block; border-radius: 1rem; padding: 0 .65rem; font-weight: 600; font-size: .9rem; white-space: nowrap; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(14rem, 1fr)); gap: .5rem 1.5rem; margin: 1rem 0; }
.facts dt { color: var(--soft); font-size: .9rem; }
.facts dd { margin: 0; }
.numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); gap: .75rem; padding: 0; margin: 1rem 0; list-style: none; }
.numbers li { background: var(--panel); border-radius: .5rem; padding: .6rem .9rem; }
.numbers b { display: block; font-size: 1.5rem; line-height: 1.2; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; padding: 0; list-style: none; }
nav a { display: inline-block; padding: .3rem 0; }
table { width: 100%; border-collapse: collapse; margin: .75rem 0; }
caption { text-align: left; font-size: .9rem; padding-bottom: .25rem; }
th, td { text-align: left; vertical-align: top; padding: .45rem .6rem; border-bottom: 1px solid var(--line); }
thead th { border-bottom: 2px solid var(--line); font-size: .9rem; color: var(--soft); white-space: nowrap; }
tbody th { font-weight: 600; }
tbody th .soft { font-weight: 400; }
.head { display: none; }
ul.plain { list-style: none; margin: 0; padding: 0; }
.finding { border: 1px solid var(--line); border-left: .4rem solid var(--bad); border-radius: .5rem; padding: .75rem 1rem; margin: .75rem 0; }
.finding.advice { border-left-color: var(--open); }
.finding h3 { margin: 0 0 .25rem; }
.finding dl { display: grid; grid-template-columns: minmax(5rem, max-content) 1fr; gap: .15rem 1rem; margin: .5rem 0 0; }
.finding dt { color: var(--soft); }
.finding dd { margin: 0; }
details { border: 1px solid var(--line); border-radius: .5rem; margin: .5rem 0; padding: 0 .9rem; }
summary { cursor: pointer; padding: .6rem 0; }
details[open] > summary { border-bottom: 1px solid var(--line); }
footer { color: var(--soft); padding-top: 1rem; padding-bottom: 3rem; }
@media (max-width: 44rem) {
  header, main, footer { padding-left: .9rem; padding-right: .9rem; }
  table, caption, tbody, tr, tbody th, td { display: block; width: 100%; }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  tr { border: 1px solid var(--line); border-radius: .5rem; margin: .6rem 0; padding: .4rem .75rem; }
  th, td { border: 0; padding: .25rem 0; }
  td { display: grid; grid-template-columns: 6.5rem 1fr; gap: .75rem; }
  .head { display: block; color: var(--soft); font-size: .9rem; }
  summary { padding: .75rem 0; }
  .facts { grid-template-columns: repeat(2, 1fr); }
}
@media print {
  :root { color-scheme: light; --text: #000; --soft: #333; --page: #fff; --panel: #fff; --line: #888; --link: #000; --bad: #000; --bad-panel: #fff; --open: #000; --open-panel: #fff; --good: #000; --good-panel: #fff; --none: #000; --none-panel: #fff; }
  body { font-size: 10pt; }
  nav, .skip { display: none; }
  .verdict, .badge { border: 1px solid #000; }
  h2, h3 { break-after: avoid; }
  tr, .finding { break-inside: avoid; }
  thead { display: table-header-group; }
}
`;
