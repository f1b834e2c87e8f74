"""The style of a page: one column on a phone, two on a desk, dark where wished, printable."""

from collections.abc import Mapping
from typing import Final

from linnet.reports.palette import DARK, LIGHT

__all__ = ["page_style"]

_RULES: Final = """
*{box-sizing:border-box}
html{color-scheme:light dark;-webkit-text-size-adjust:100%}
body{margin:0;background:var(--paper);color:var(--ink);
 font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main,footer,nav{max-width:66rem;margin:0 auto;padding:0 1.1rem}
header{padding-top:2.2rem}
.kicker{margin:0;color:var(--quiet);font-size:.8rem;letter-spacing:.08em;text-transform:uppercase}
h1{font-size:clamp(1.5rem,1.1rem + 2vw,2.2rem);line-height:1.2;margin:.25rem 0 .3rem;
 font-weight:650;letter-spacing:-.012em;overflow-wrap:anywhere}
.lead{margin:0;color:var(--quiet);overflow-wrap:anywhere}
h2{font-size:1.25rem;font-weight:650;letter-spacing:-.005em;margin:0 0 .35rem}
h3{font-size:.95rem;font-weight:600;margin:0 0 .4rem}
section{padding:2rem 0 .4rem;margin-top:1.6rem;border-top:1px solid var(--line)}
p{margin:.2rem 0 .8rem;max-width:44rem}
.said{color:var(--quiet)}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(6.6rem,1fr));gap:.6rem;
 margin:1.5rem 0 .3rem}
.tiles div{background:var(--panel);border-radius:.6rem;padding:.7rem .7rem;
 display:flex;flex-direction:column-reverse;justify-content:flex-end}
.tiles dt{color:var(--quiet);font-size:.85rem;line-height:1.3}
.tiles dd{margin:0;font-size:clamp(1.12rem,.8rem + 1.6vw,1.75rem);font-weight:650;
 line-height:1.3;overflow-wrap:anywhere;
 font-variant-numeric:tabular-nums}
nav ul{display:flex;flex-wrap:wrap;gap:.1rem 1.1rem;list-style:none;padding:0;margin:1rem 0 0;
 font-size:.9rem}
a{color:var(--accent);text-underline-offset:.18em}
nav a{display:inline-block;padding:.25rem 0}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
.pair{display:grid;grid-template-columns:minmax(0,1fr);gap:1.2rem 2.4rem}
@media (min-width:52rem){.pair{grid-template-columns:repeat(2,minmax(0,1fr))}}
figure{margin:.4rem 0 1rem;min-width:0;max-width:34rem}
figcaption{color:var(--quiet);font-size:.85rem;margin-top:.2rem}
.facts{display:grid;grid-template-columns:minmax(5.5rem,auto) minmax(0,1fr);margin:.6rem 0;
 gap:.3rem 1.2rem;font-size:.92rem;align-content:start}
.facts dt{color:var(--quiet)}
.facts dd{margin:0;overflow-wrap:anywhere;unicode-bidi:isolate}
.scroll{overflow-x:auto;margin:.4rem 0 1rem;max-width:100%}
table{border-collapse:collapse;font-size:.9rem;font-variant-numeric:tabular-nums}
caption{text-align:left;font-weight:600;padding:0 0 .35rem;font-size:1.05em}
th,td{padding:.3rem .8rem .3rem 0;text-align:right;border-bottom:1px solid var(--line);
 vertical-align:top;unicode-bidi:isolate;white-space:nowrap}
th{font-weight:500}
thead th{color:var(--quiet);font-weight:500;font-size:.91em;vertical-align:bottom;
 white-space:normal;min-width:3rem}
.words{text-align:left;white-space:normal;overflow-wrap:anywhere;min-width:7rem;max-width:26rem}
.marked{width:100%;margin:.4rem 0 1.2rem}
.marked th,.marked td{vertical-align:middle}
.marked .words{max-width:18rem}
.marked th:last-child{text-align:left}
.none{color:var(--quiet)}
caption span{position:sticky;left:0;display:inline-block;max-width:min(40rem,calc(100vw - 2.2rem))}
@media screen and (max-width:42rem){
 th,td{padding-right:.6rem}
 .marked,.marked tbody{display:block}
 .marked caption{display:block}
 .marked thead{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
 .marked tr{display:flex;flex-wrap:wrap;align-items:baseline;gap:.05rem .9rem;
  padding:.45rem 0;border-bottom:1px solid var(--line)}
 .marked th,.marked td{border:0;padding:0;white-space:normal}
 .marked th.words{flex:1 1 68%;max-width:none}
 .marked td[data-name]{color:var(--quiet);font-size:.84rem;min-width:0}
 .marked td[data-name]:empty{display:none}
 .marked th+td[data-name]{color:var(--ink);font-size:.9rem}
 .marked td[data-name="95 % interval"]::before,
 .marked td[data-name="per unit of the table"]::before{content:attr(data-name) " "}
 .marked .mark-cell{flex:1 0 100%;width:auto;padding:.15rem 0 0}
}
.marked .mark-cell{width:45%;min-width:7rem;padding:0}
.mark{display:block;width:100%;height:1.3rem}
.mark *{vector-effect:non-scaling-stroke}
.spot{stroke-width:9;stroke-linecap:round}
.chart{display:block;width:100%;height:auto}
svg text{fill:var(--quiet);font-size:11px;font-variant-numeric:tabular-nums}
svg .name{fill:var(--ink)}
svg .certificate-name{fill:var(--warm)}
.grid,.axis,.zero{stroke:var(--line)}.axis,.zero{stroke:var(--quiet)}
.zero{stroke-width:1;opacity:.6}
.line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round}
.thin{stroke-width:1;opacity:.6}
.dot{fill:var(--accent)}.many{opacity:.45}
.ideal{stroke:var(--quiet);stroke-dasharray:4 3}
.certificate{stroke:var(--warm);stroke-dasharray:5 3}
.whisker{stroke:var(--accent);stroke-width:2}
.rows{fill:var(--faint)}
.bar{fill:var(--accent)}.plain{fill:var(--faint)}.lost{fill:var(--warm)}
.saved{fill:var(--shade2);stroke:var(--faint);stroke-dasharray:3 2}
.positive{fill:var(--accent);stroke:var(--accent)}
.negative{fill:var(--warm);stroke:var(--warm)}
.mark .stem{stroke-width:3}
.confusion th,.confusion td{padding:.35rem .5rem;border:1px solid var(--paper);text-align:center;
 min-width:2.6rem;vertical-align:middle}
.confusion th{max-width:8rem;white-space:normal;overflow-wrap:anywhere}
.confusion tbody th{text-align:right}
.confusion th.whole{white-space:nowrap}
.hit{font-weight:650}
.pictures{display:grid;grid-template-columns:repeat(auto-fill,minmax(6.2rem,1fr));gap:.9rem;
 padding:0;margin:.6rem 0 1rem;list-style:none}
.pictures p{margin:.2rem 0 0;font-size:.85rem;overflow-wrap:anywhere}
.picture{display:block;width:100%;height:auto;image-rendering:pixelated;
 border:1px solid var(--line);border-radius:.3rem}
.sample{background:#000}
.long{list-style:none;padding:0;margin:.6rem 0 1rem;display:grid;gap:.7rem;
 grid-template-columns:repeat(auto-fill,minmax(min(19rem,100%),1fr))}
.long>li{background:var(--panel);border-radius:.6rem;padding:.8rem 1rem;min-width:0;
 break-inside:avoid}
.long .with-picture{display:grid;grid-template-columns:5.5rem minmax(0,1fr);gap:1rem}
.length{font-weight:650;font-variant-numeric:tabular-nums}
.long p{margin:0;overflow-wrap:anywhere}
.held{color:var(--quiet);font-size:.84rem;unicode-bidi:isolate}
details{margin:.2rem 0 1rem}
summary{cursor:pointer;color:var(--accent);font-size:.9rem;padding:.25rem 0}
footer{color:var(--quiet);font-size:.85rem;padding-top:2rem;padding-bottom:3rem}
@media print{
 body{font-size:10pt}
 nav,details:not([open])>summary{display:none}
 header,main,footer{max-width:none;padding-left:0;padding-right:0}
 section{padding-top:1rem;margin-top:1rem}
 figure,tr,.tiles div,.pictures li{break-inside:avoid}
 h2,h3,caption{break-after:avoid}
 .scroll{overflow:visible}
 table{font-size:8.5pt}
 .marked .mark-cell{width:35%}
 .pair{grid-template-columns:repeat(2,minmax(0,1fr))}
 *{-webkit-print-color-adjust:exact;print-color-adjust:exact}
}
@page{margin:16mm}
"""


def page_style() -> str:
    """Write the style sheet, with the colours of the palette."""
    shades = "".join(f".s{step}{{background:var(--shade{step})}}" for step in range(1, 6))
    dark = f"@media screen and (prefers-color-scheme:dark){{:root{{{_variables(DARK)}}}}}"
    return f":root{{{_variables(LIGHT)}}}\n{dark}{_RULES}{shades}"


def _variables(colours: Mapping[str, str]) -> str:
    return "".join(f"--{name}:{colour};" for name, colour in colours.items())
