// A line drawn on the picture at any angle, and the grey values along it at full resolution.
import { extremes, legend, plotByUnits } from "./chart.js"
import { afterwards, draw, make } from "./elements.js"
import { written } from "./numbers.js"
import { ask } from "./tiles.js"

const WAIT_MS = 120
const MICRON_FROM_NM = 10_000

export class Profile {
  /** `shown()` returns the grey pictures on screen, { label, units, image }; `field` is { width, height, nm, aspect }. */
  constructor(field, shown, panes) {
    Object.assign(this, { field, shown, panes, line: null, on: false })
    this.charts = make("div", { class: "charts" })
    this.legend = make("div", { class: "legend" })
    this.across = make("input", { type: "number", min: 1, max: 64, value: 1, "aria-label": "Width of the line in px, over which values are averaged" })
    this.across.addEventListener("input", () => this.measure())
    this.element = make(
      "section",
      { class: "panel profile", role: "group", "aria-label": "Line profile", hidden: "" },
      make("div", { class: "heading" }, make("span", { class: "title" }, "Line profile"), this.legend, make("label", {}, "Width (px) ", this.across)),
      this.charts,
    )
    this.measure = afterwards(WAIT_MS, () => this.ask())
    new ResizeObserver(() => this.plot()).observe(this.element)
  }

  /** Begin or end; at first the line crosses the middle of the visible field. */
  toggle(visible) {
    this.on = !this.on
    this.element.hidden = !this.on
    if (this.on && !this.line) {
      const across = visible.right - visible.left
      const y = (visible.top + visible.bottom) / 2
      this.line = [{ x: visible.left + 0.2 * across, y }, { x: visible.right - 0.2 * across, y }]
    }
    this.update()
    return this.on
  }

  update() {
    this.panes().forEach((pane) => this.attach(pane))
    if (this.on) this.measure()
  }

  /** Draw the line on a pane, and let a drag draw another. */
  attach(pane) {
    const { drawing } = pane
    drawing.replaceChildren()
    drawing.classList.toggle("active", this.on)
    pane.redraw = this.on ? () => this.place(pane) : null
    if (!this.on) return
    drawing.onpointerdown = (event) => this.begin(pane, event)
    pane.shadowLine = draw("line", { class: "under" })
    pane.line = draw("line", { class: "over" })
    pane.ends = [0, 1].map((end) => {
      const handle = draw("circle", { r: 7, tabindex: 0, role: "button", "aria-label": `${end ? "End" : "Start"} of the line; arrow keys move it` })
      handle.addEventListener("pointerdown", (event) => this.drag(pane, event, [end]))
      handle.addEventListener("keydown", (event) => this.nudge(pane, event, end))
      return handle
    })
    drawing.append(pane.shadowLine, pane.line, ...pane.ends)
    this.place(pane)
  }

  place(pane) {
    if (!pane.viewer.viewport) return
    const [start, end] = this.line.map((place) => pane.toScreen(place))
    for (const line of [pane.shadowLine, pane.line])
      Object.entries({ x1: start.x, y1: start.y, x2: end.x, y2: end.y }).forEach(([name, value]) => line.setAttribute(name, value))
    pane.ends.forEach((handle, i) => {
      handle.setAttribute("cx", [start, end][i].x)
      handle.setAttribute("cy", [start, end][i].y)
    })
  }

  begin(pane, event) {
    if (event.button || event.target !== pane.drawing) return
    const place = this.within(pane.toField(event))
    this.line = [place, { ...place }]
    this.drag(pane, event, [1])
  }

  drag(pane, event, ends) {
    event.preventDefault()
    event.stopPropagation()
    const { drawing } = pane
    drawing.setPointerCapture(event.pointerId)
    drawing.onpointermove = (moved) => {
      ends.forEach((end) => (this.line[end] = this.within(pane.toField(moved))))
      this.moved()
    }
    drawing.onpointerup = drawing.onpointercancel = () => {
      drawing.onpointermove = drawing.onpointerup = drawing.onpointercancel = null
    }
  }

  nudge(pane, event, end) {
    const step = (event.shiftKey ? 10 : 1) / pane.scale
    const [x, y] = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key] ?? []
    if (x === undefined) return
    event.preventDefault()
    event.stopPropagation()
    this.line[end] = this.within({ x: this.line[end].x + x * step, y: this.line[end].y + y * step })
    this.moved()
  }

  moved() {
    this.panes().forEach((pane) => this.place(pane))
    this.measure()
  }

  within({ x, y }) {
    return { x: Math.min(this.field.width, Math.max(0, x)), y: Math.min(this.field.height, Math.max(0, y)) }
  }

  /** Length of the line, in nm where the size of a pixel is known, else in px. */
  get length() {
    const [start, end] = this.line
    return Math.hypot(end.x - start.x, (end.y - start.y) * this.field.aspect) * (this.field.nm || 1)
  }

  async ask() {
    const [start, end] = this.line
    const pictures = this.shown()
    try {
      this.pictures = await Promise.all(
        pictures.map(async ({ label, units, image }) => {
          const scale = image.width / this.field.width
          const across = Math.max(1, Math.round((Number(this.across.value) || 1) * scale))
          const query = new URLSearchParams({ x0: start.x * scale, y0: start.y * scale, x1: end.x * scale, y1: end.y * scale, across })
          return { label, units, image, ...(await (await ask(`${image.address}/profile?${query}`)).json()) }
        }),
      )
      this.plot()
    } catch (error) {
      this.legend.textContent = error.message
    }
  }

  plot() {
    if (!this.pictures) return
    const [unit, size] = !this.field.nm ? ["px", 1] : this.length > MICRON_FROM_NM ? ["µm", 1e3] : ["nm", 1]
    const long = this.length / size
    const curves = this.pictures.map(({ label, units, image, values }) => {
      const step = long / (values.length - 1)
      return { label, units, colour: image.colour, x: values.map((_, i) => i * step), y: values }
    })
    this.legend.replaceChildren(...legend(curves))
    plotByUnits(this.charts, curves, { xLabel: `position (${unit})`, xEnd: long }, (alike) => {
      const ranges = alike.map(({ label, y }) => `${label} from ${extremes(y).map(written).join(" to ")}`)
      return `Grey values along a line of ${written(long)} ${unit}: ${ranges.join("; ")}`
    })
  }
}
