/**
 * The style sheet of the page: one column on a phone, two charts a row on a wide screen, black on white in print, dark where the
 * reader's device is. Blue and orange are told apart by most colour-blind readers; dashes and places tell the same.
 */
export const style: string = `
:root { color-scheme: light dark; --ink: #1a1a1a; --faint: #666; --paper: #fff; --grid: #ddd; --spam: #b34700; --ham: #1f5fa8; --area: #444; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8e8e8; --faint: #a8a8a8; --paper: #161616; --grid: #3a3a3a; --spam: #ff9d4d; --ham: #7db8ff; --area: #ccc; } }
@media print { :root { color-scheme: light; --ink: #000; --faint: #444; --paper: #fff; --grid: #ccc; --spam: #b34700; --ham: #1f5fa8; --area: #444; } figure, li, tr { break-inside: avoid; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 64rem; padding: 1rem; background: var(--paper); color: var(--ink); font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.2rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; margin: 1.5rem 0 0; }
h1, h3, p, td { overflow-wrap: anywhere; }
p { margin: .3rem 0; } p, figcaption, caption { color: var(--faint); }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 22rem), 1fr)); gap: 1rem 2rem; }
figure { margin: 0; } figcaption { font-size: .875rem; }
svg { display: block; width: 100%; height: auto; font-size: 11px; fill: var(--ink); }
.grid path { stroke: var(--grid); fill: none; } .grid text { fill: var(--faint); }
.middle { text-anchor: middle; } .end { text-anchor: end; }
.line { fill: none; stroke-width: 1.8; stroke-linejoin: round; }
.line.spam { stroke: var(--spam); } .line.ham { stroke: var(--ham); stroke-dasharray: 6 3; } .line.area { stroke: var(--area); stroke-dasharray: 2 3; }
.guide, .line.guide { fill: none; stroke: var(--faint); stroke-dasharray: 4 4; stroke-width: 1; }
.spread { stroke: var(--ham); stroke-width: 1.5; } .mark { fill: var(--paper); stroke: var(--ink); stroke-width: 1.8; }
.bar.spam { fill: var(--spam); } .bar.ham { fill: var(--ham); }
.weight { width: 5rem; }
table { border-collapse: collapse; font-size: .875rem; } caption { text-align: start; }
th, td { padding: .15rem .6rem .15rem 0; text-align: start; vertical-align: top; border-bottom: 1px solid var(--grid); } th { font-weight: 600; }
.number { text-align: end; font-variant-numeric: tabular-nums; white-space: nowrap; } .kind { color: var(--faint); }
ol { padding-inline-start: 1.4rem; }
`;
