// Charts of the reports, drawn from the table beside each, so that both always match.
"use strict";
function resolved(name) {
  const probe = document.createElement("span");
  probe.style.color = `var(${name})`;
  document.body.append(probe);
  const color = getComputedStyle(probe).color;
  probe.remove();
  return color;
}
function draw() {
  const quiet = resolved("--quiet"), line = resolved("--line"), accent = resolved("--accent");
  for (const figure of document.querySelectorAll("figure[data-plot]")) {
    const table = document.getElementById(figure.dataset.plot);
    const column = Number(figure.dataset.draws);
    const cells = [...table.tBodies[0].rows].map((row) => [row.cells[0].textContent, row.cells[column].textContent]);
    const isDay = cells.some(([x]) => x.includes("-"));
    const xs = cells.map(([x]) => (isDay ? Date.parse(`${x}T00:00:00Z`) / 1000 : Number(x)));
    const ys = cells.map(([, y]) => (y === "–" ? null : Number(y)));
    figure.replaceChildren();
    const axis = { stroke: quiet, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
    new uPlot({
      width: Math.max(260, figure.clientWidth), height: 230, legend: { show: false }, cursor: { show: true },
      tzDate: (at) => uPlot.tzDate(new Date(at * 1000), "UTC"),
      scales: { x: { time: isDay }, y: { range: (_, __, most) => [0, (most || 1) * 1.1] } },
      axes: [isDay ? axis : { ...axis, incrs: [1, 2, 5] }, { ...axis, size: 56 }],
      series: [{}, { stroke: accent, width: 2, spanGaps: true, points: { show: true, size: 6, fill: accent } }],
    }, [xs, ys], figure);
  }
}
draw();
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
let late = 0;
addEventListener("resize", () => { clearTimeout(late); late = setTimeout(draw, 150); });
