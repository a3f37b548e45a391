"""How the report looks on a screen, light and dark, and on A4 paper; and how its figures are drawn."""

from __future__ import annotations

PAPER_PX = 680
"""Width of the text on a page of A4 (180 mm) in CSS pixels."""

STYLE = """
:root { color-scheme: light dark; --page: #ffffff; --ink: #1c1c1c; --soft: #555555; --line: #c9c9c9; --tint: #f3f4f6;
  --link: #0b57a4; --red: #b00020; --redtint: #fdecee; }
@media screen and (prefers-color-scheme: dark) { :root { --page: #16181c; --ink: #e8e8e8; --soft: #b0b0b0;
  --line: #454a52; --tint: #22262c; --link: #8ab8f0; --red: #ff8a94; --redtint: #3a1c20; } }
* { box-sizing: border-box; }
html { scroll-padding-top: 1rem; }
body { font: 16px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--page); margin: 0 auto;
  max-width: 1500px; padding: 1rem; }
a { color: var(--link); }
a:focus-visible, [tabindex]:focus-visible, button:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.skip { position: absolute; left: -99rem; top: .4rem; background: var(--page); padding: .3rem .6rem; }
.skip:focus { left: .6rem; }
h1 { font-size: 1.5rem; line-height: 1.25; margin: .3rem 0; } h2 { font-size: 1.3rem; margin: 0 0 .7rem; }
h3 { font-size: 1.08rem; margin: 1.6rem 0 .4rem; }
h1, h2, h3, p, li, dd, figcaption, caption { overflow-wrap: anywhere; }
p, li { max-width: 85ch; } .soft, .note { color: var(--soft); } .note { font-size: .88rem; margin: .25rem 0; }
section { border-top: 1px solid var(--line); margin-top: 2.2rem; padding-top: 1.2rem; }
nav ul { list-style: none; margin: 0; padding: 0; } nav h2 { font-size: 1rem; margin: .5rem 0; }
nav li { margin: .2rem 0; }
nav .n { display: inline-block; min-width: 1.8em; }
@media screen and (min-width: 1150px) {
  .beside { display: grid; grid-template-columns: 17rem minmax(0, 1fr); gap: 2rem; }
  nav { align-self: start; max-height: 100vh; overflow-y: auto; position: sticky; top: 0; } }
.alert, .missing { border-left: 4px solid var(--red); background: var(--redtint); padding: .5rem .8rem;
  max-width: 85ch; }
.missing, .missing a, .alert strong { color: var(--red); }
.missing strong { text-transform: uppercase; letter-spacing: .03em; }
figure { margin: 1.2rem 0 1.6rem; } .scroll { overflow-x: auto; }
table { border-collapse: collapse; font-size: .92rem; font-variant-numeric: tabular-nums; }
caption, figcaption { text-align: left; padding: 0 0 .4rem; }
th, td { padding: .18rem .65rem; border-bottom: 1px solid var(--line); text-align: left; vertical-align: top; }
thead th { background: var(--tint); vertical-align: bottom; } th { font-weight: 600; } tbody th { font-weight: 400; }
td, tbody th { white-space: nowrap; } .words td, .words th { white-space: normal; overflow-wrap: anywhere; }
.words td { min-width: 6rem; max-width: 44rem; }
.badge { border: 1.5px solid currentColor; border-radius: 1em; font-size: .8em; font-weight: 600; padding: 0 .6em;
  white-space: nowrap; margin-left: .4em; }
.exact { color: #00563f; } .simulated { color: #7a3d00; } .both { color: #4b2a86; } .published { color: #0b57a4; }
.assumed { color: #555555; }
@media screen and (prefers-color-scheme: dark) { .exact { color: #6fd3b1; } .simulated { color: #f0b060; }
  .both { color: #c3a8f5; } .published { color: #8ab8f0; } .assumed { color: #b8b8b8; } }
pre { background: var(--tint); border: 1px solid var(--line); padding: .6rem .8rem; font-size: .85rem; margin: .6rem 0;
  white-space: pre-wrap; overflow-wrap: anywhere; }
button { font: inherit; color: var(--link); background: var(--page); border: 1.5px solid var(--link);
  border-radius: .4rem; padding: .25rem .8rem; cursor: pointer; }
.plot { width: 100%; min-height: 2rem; } .late { display: none; } .no-figures .late { display: block; }
"""

_COLUMNS = "".join(
    f".l{n} td:nth-child(n+{n + 1}), .l{n} thead th:nth-child(n+{n + 1}) {{ text-align: right; }}\n" for n in range(9)
)
"""Columns after the labels hold numbers."""

_PAPER = """
@page { size: A4 portrait; margin: 17mm 15mm 18mm;
  @bottom-left { content: "trialsim simulation report"; font: 8pt sans-serif; color: #555555; }
  @bottom-right { content: "page " counter(page) " of " counter(pages); font: 8pt sans-serif; color: #555555; } }
@page wide { size: A4 landscape; }
@media print {
  :root { color-scheme: light; }
  body { font-size: 9.5pt; max-width: none; padding: 0; }
  .skip, button, .screen { display: none; }
  .beside { display: block; }
  section { border: 0; margin: 1.6rem 0 0; padding: 0; }
  section:first-of-type, #synopsis, #appendices { break-before: page; margin: 0; }
  h2, h3, caption, figcaption { break-after: avoid; }
  p, li { orphans: 3; widows: 3; max-width: none; }
  .scroll { overflow: visible; }
  table { font-size: 7.6pt; max-width: 100%; }
  td, th, tbody th, .words th { padding: .08rem .3rem; white-space: normal; overflow-wrap: break-word; }
  .words td { min-width: 8em; } .note { font-size: 7.8pt; }
  thead { display: table-header-group; } tr { break-inside: avoid; }
  figure.short, .picture, .missing, .alert { break-inside: avoid; }
  figure.broad { page: wide; } figure.broad table { font-size: 7pt; }
  #synopsis figure.broad { page: auto; } #synopsis figure { margin: .6rem 0; }
  #synopsis { break-after: page; font-size: 8.8pt; }
  pre { break-inside: auto; font-size: 7pt; }
  a { color: inherit; } main a[href^="http"]::after { content: " (" attr(href) ")"; overflow-wrap: anywhere; }
  th, thead th, .badge, .missing, .alert { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
"""

STYLE = STYLE + _COLUMNS + _PAPER

SCRIPT = """
"use strict";
(() => {
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)"), paper = matchMedia("print");
  const figures = [...document.querySelectorAll("script[data-figure]")];
  const shared = document.getElementById("template");
  const template = shared ? JSON.parse(shared.textContent) : undefined;
  let onPaper = false;
  async function inflated(id) {
    const bytes = Uint8Array.from(atob(document.getElementById(id).textContent), (c) => c.charCodeAt(0));
    return new Response(new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"))).text();
  }
  function put(layout, path, value) {
    const parts = path.split("."), last = parts.pop();
    let inside = layout;
    for (const part of parts) inside = inside[part] ??= {};
    inside[last] = value;
  }
  function draw(data) {
    const place = document.getElementById(data.dataset.figure), isDark = dark.matches && !onPaper;
    const text = isDark ? data.textContent.replaceAll("#1c1c1c", "#e8e8e8") : data.textContent;
    const { data: traces, layout } = JSON.parse(text);
    const ink = isDark ? "#e8e8e8" : "#1c1c1c", page = isDark ? "#16181c" : "#ffffff";
    const width = onPaper ? WIDTH : place.clientWidth, rooms = layout.meta?.arrangements;
    const room = rooms && (rooms.findLast((own) => own.least_width <= width) ?? rooms[0]);
    for (const [path, value] of Object.entries(room?.layout ?? {})) put(layout, path, value);
    if (data.dataset.template) layout.template = template;
    delete layout.title;
    layout.font = { ...layout.font, color: ink, family: "system-ui, sans-serif", size: 13 };
    layout.hoverlabel = { align: "left", bgcolor: page, font: { color: ink } };
    layout.paper_bgcolor = "rgba(0, 0, 0, 0)";
    layout.plot_bgcolor = "rgba(0, 0, 0, 0)";
    if (onPaper) layout.width = WIDTH;
    return Plotly.react(place, traces, layout, { responsive: !onPaper, displaylogo: false, displayModeBar: false });
  }
  async function start() {
    if (figures.length) {
      const script = document.createElement("script");
      script.textContent = await inflated("plotly");
      document.head.append(script);
      for (const data of figures) {
        await draw(data);
        await new Promise((done) => setTimeout(done));
      }
      const again = () => Promise.all(figures.map(draw));
      const print = (is) => { if (is !== onPaper) { onPaper = is; again(); } };
      dark.addEventListener("change", again);
      paper.addEventListener("change", () => print(paper.matches));
      addEventListener("beforeprint", () => print(true));
      addEventListener("afterprint", () => print(false));
      if (paper.matches) print(true);
    }
    root.dataset.figures = "drawn";
  }
  start().catch(() => {
    root.classList.add("no-figures");
    root.dataset.figures = "none";
  });
  document.getElementById("save-records")?.addEventListener("click", async () => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([await inflated("records")], { type: "text/csv" }));
    link.download = "records.csv";
    link.click();
  });
})();
""".replace("WIDTH", str(PAPER_PX))
