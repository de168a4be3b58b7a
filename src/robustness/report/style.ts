import { Markup } from '../../core/markup.js';

/** The page's style sheet: light and dark by the reader's scheme, light on paper. */
export const style = new Markup(`
:root { color-scheme: light dark; --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --panel: #f6f8fa; --accent: #2563a8; --good: #1a7f37; --bad: #c2410c; --cell: 37 99 168; --miss: 194 65 12; }
@media (prefers-color-scheme: dark) { :root { --paper: #0d1117; --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --panel: #161b22; --accent: #6cb0f5; --good: #3fb950; --bad: #fb923c; --cell: 88 166 255; --miss: 251 146 60; } }
* { box-sizing: border-box; }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 68rem; background: var(--paper); color: var(--ink); font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.2rem; margin: 2.5rem 0 .5rem; padding-top: .75rem; border-top: 1px solid var(--line); }
p { margin: .4rem 0 .8rem; max-width: 46rem; } .soft { color: var(--soft); } small { color: var(--soft); font-size: .8125rem; }
nav { margin: 1rem 0; display: flex; flex-wrap: wrap; gap: .25rem 1rem; } a { color: var(--accent); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tile { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .7rem .9rem; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.3; font-variant-numeric: tabular-nums; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .3rem .6rem; text-align: right; border-bottom: 1px solid var(--line); white-space: nowrap; }
th { font-weight: 600; color: var(--soft); font-size: .8125rem; } th:first-child, td.name, th.name { text-align: left; }
td.name, tbody th { max-width: 16rem; overflow: hidden; text-overflow: ellipsis; color: var(--ink); font-size: inherit; font-weight: 500; }
.range { position: relative; display: inline-block; width: 10rem; height: .75rem; vertical-align: middle; background: var(--panel); border: 1px solid var(--line); border-radius: 3px; }
.range i { position: absolute; top: 0; bottom: 0; background: var(--accent); opacity: .35; } .range b { position: absolute; top: -2px; bottom: -2px; width: 2px; margin-left: -1px; background: var(--accent); }
.confusion td, .confusion th { padding: .25rem .4rem; font-size: .8125rem; } .confusion td { text-align: center; min-width: 2.4rem; border: 1px solid var(--paper); }
.confusion thead th { max-width: 6rem; overflow: hidden; text-overflow: ellipsis; text-align: center; } .confusion .zero { color: transparent; }
.shaded { display: inline-block; margin: -.2rem -.4rem; padding: .2rem .4rem; border-radius: 4px; }
.columns { display: flex; flex-wrap: wrap; gap: 1rem 2.5rem; align-items: flex-start; } .columns > svg { flex: none; max-width: 100%; height: auto; } .columns > div { flex: 1; min-width: 17rem; }
.gallery { display: grid; grid-template-columns: repeat(auto-fill, minmax(12rem, 1fr)); gap: .9rem; padding: 0; list-style: none; }
.gallery li { background: var(--panel); border: 1px solid var(--line); border-radius: 8px; padding: .6rem; font-size: .8125rem; line-height: 1.4; min-width: 0; }
.gallery .pictures { display: flex; gap: .35rem; margin-bottom: .4rem; } .gallery img { flex: 1; min-width: 0; width: 100%; height: auto; aspect-ratio: 1; object-fit: contain; border-radius: 4px; background: var(--paper); } img.pixels { image-rendering: pixelated; }
.gallery div { overflow-wrap: anywhere; } .right { color: var(--good); } .wrong { color: var(--bad); }
@media print {
  :root { color-scheme: light; --paper: #fff; --ink: #1f2328; --soft: #59636e; --line: #d1d9e0; --panel: #f6f8fa; --accent: #2563a8; --good: #1a7f37; --bad: #c2410c; --cell: 37 99 168; --miss: 194 65 12; }
  body { padding: 0; max-width: none; font-size: 10.5pt; } * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  nav { display: none; } h2 { break-after: avoid; } h2 + p { break-after: avoid; } section, p, tr, .gallery li, .tile, svg { break-inside: avoid; } thead { display: table-header-group; } .scroll { overflow: visible; }
  .gallery { grid-template-columns: repeat(5, 1fr); gap: .5rem; } .confusion td, .confusion th { padding: .15rem .3rem; min-width: 0; font-size: 8pt; }
}`);
