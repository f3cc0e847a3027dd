// Curves with axes.
import { draw, make } from "./elements.js"
import { ticks, written } from "./numbers.js"

const MARGIN = { left: 64, right: 12, top: 10, bottom: 38 }
const HEIGHT = 220
const LEAST_PX = 80

/** Draw `curves` ({ label, units, colour, x, y }) into an svg element that is `width` px wide. */
export function plot(chart, width, curves, { xLabel, yLabel, xEnd, yRange }) {
  chart.setAttribute("viewBox", `0 0 ${width} ${HEIGHT}`)
  chart.replaceChildren()
  const inner = { right: width - MARGIN.right, bottom: HEIGHT - MARGIN.bottom }
  const [lo, hi] = yRange ?? padded(curves)
  const x = (value) => MARGIN.left + (value / (xEnd || 1)) * (inner.right - MARGIN.left)
  const y = (value) => inner.bottom - ((value - lo) / (hi - lo)) * (inner.bottom - MARGIN.top)
  for (const value of ticks(lo, hi, 4)) {
    chart.append(draw("line", { class: "grid", x1: MARGIN.left, x2: inner.right, y1: y(value), y2: y(value) }))
    chart.append(draw("text", { x: MARGIN.left - 8, y: y(value) + 4, "text-anchor": "end" }, written(value)))
  }
  for (const value of ticks(0, xEnd, width / 110)) {
    chart.append(draw("line", { class: "tick", x1: x(value), x2: x(value), y1: inner.bottom, y2: inner.bottom + 4 }))
    chart.append(draw("text", { x: x(value), y: inner.bottom + 17, "text-anchor": "middle" }, written(value)))
  }
  const middle = (inner.bottom + MARGIN.top) / 2
  chart.append(draw("text", { x: x(xEnd / 2), y: HEIGHT - 4, "text-anchor": "middle" }, xLabel))
  chart.append(draw("text", { x: 12, y: middle, "text-anchor": "middle", transform: `rotate(-90 12 ${middle})` }, yLabel))
  for (const curve of curves) {
    const points = curve.y.map((value, i) => `${x(curve.x[i]).toFixed(1)},${y(value).toFixed(1)}`)
    chart.append(draw("polyline", { points: points.join(" "), style: `stroke: var(${curve.colour})` }))
  }
}

/** Draw curves into `place`, a chart for each of their units; `described(curves)` says in words what a chart shows. */
export function plotByUnits(place, curves, axes, described) {
  const units = [...new Set(curves.map((curve) => curve.units))]
  const charts = units.map(() => draw("svg", { class: "chart", role: "img" }))
  place.replaceChildren(...charts)
  charts.forEach((chart, i) => {
    const alike = curves.filter((curve) => curve.units === units[i])
    const yLabel = axes.yLabel ?? units[i]
    if (chart.clientWidth > LEAST_PX) plot(chart, chart.clientWidth, alike, { ...axes, yLabel })
    chart.setAttribute("aria-label", described(alike))
  })
}

/** Names of curves in their colours. */
export function legend(curves) {
  return curves.map(({ label, colour }) => make("span", { style: `--colour: var(${colour})` }, label))
}

/** Smallest and largest of many numbers. */
export function extremes(values) {
  return values.reduce(([lo, hi], value) => [Math.min(lo, value), Math.max(hi, value)], [Infinity, -Infinity])
}

function padded(curves) {
  const [lo, hi] = extremes(curves.flatMap((curve) => extremes(curve.y)))
  const room = (hi - lo || 1) * 0.06
  return [lo - room, hi + room]
}
