// The display window of all pictures in the same units: a histogram with two handles.
import { make, slider } from "./elements.js"
import { written } from "./numbers.js"

const STEPS = 1000

export class Levels {
  /** Those of `measured` give the first window; `changed` is called after each change. */
  constructor(title, measured, changed) {
    this.images = new Set()
    this.changed = changed
    this.first = join(measured.map((image) => image.summary.window))
    this.window = { lo: this.first[0], hi: this.first[1] }
    this.domain = this.first
    this.histogram = make("canvas", { class: "histogram", "aria-hidden": "true" })
    this.text = make("output", { class: "numbers" })
    const range = { min: 0, max: STEPS, step: 1, value: 0 }
    this.black = slider("Grey value shown as black", range, (place) => this.move("lo", place))
    this.white = slider("Grey value shown as white", range, (place) => this.move("hi", place))
    const auto = make("button", { type: "button", title: "0.5 to 99.5 % of the grey values", onclick: () => this.set(...this.first) }, "Auto")
    const all = make("button", { type: "button", title: "All grey values", onclick: () => this.set(...this.domain) }, "Full")
    this.element = make(
      "section",
      { class: "panel levels", role: "group", "aria-label": title },
      make("div", { class: "heading" }, make("span", { class: "title" }, title), this.text, auto, all),
      make("div", { class: "track" }, this.histogram, this.black, this.white),
    )
    new ResizeObserver(() => this.draw()).observe(this.histogram)
    this.set(...this.first)
  }

  /** Draw the histogram of an image, too. */
  add(image) {
    this.images.add(image)
    this.domain = join([this.domain, image.summary.domain])
    this.set(this.window.lo, this.window.hi)
  }

  move(end, place) {
    const value = this.domain[0] + (place / STEPS) * (this.domain[1] - this.domain[0])
    const least = (this.domain[1] - this.domain[0]) / STEPS
    if (end === "lo") this.set(Math.min(value, this.window.hi - least), this.window.hi)
    else this.set(this.window.lo, Math.max(value, this.window.lo + least))
  }

  set(lo, hi) {
    Object.assign(this.window, { lo, hi })
    const place = (value) => Math.round((STEPS * (value - this.domain[0])) / (this.domain[1] - this.domain[0]))
    this.black.value = place(lo)
    this.white.value = place(hi)
    this.black.setAttribute("aria-valuetext", written(lo))
    this.white.setAttribute("aria-valuetext", written(hi))
    this.text.textContent = `${written(lo)} to ${written(hi)}`
    this.draw()
    this.changed()
  }

  draw() {
    const canvas = this.histogram
    const [width, height] = [canvas.clientWidth, canvas.clientHeight]
    if (!width) return
    canvas.width = width * devicePixelRatio
    canvas.height = height * devicePixelRatio
    const context = canvas.getContext("2d")
    context.scale(devicePixelRatio, devicePixelRatio)
    const style = getComputedStyle(this.element)
    const place = (value) => (width * (value - this.domain[0])) / (this.domain[1] - this.domain[0])
    const shades = context.createLinearGradient(place(this.window.lo), 0, place(this.window.hi), 0)
    shades.addColorStop(0, "#000")
    shades.addColorStop(1, "#fff")
    context.fillStyle = shades
    context.fillRect(0, height - 6, width, 6)
    this.images.forEach((image) => {
      const { histogram, domain } = image.summary
      const inner = histogram.slice(1, -1)
      const most = Math.max(...inner, 1)
      const bin = (domain[1] - domain[0]) / histogram.length
      context.beginPath()
      histogram.forEach((count, i) => {
        const y = (height - 8) * (1 - Math.sqrt(Math.min(1, count / most)))
        context.lineTo(place(domain[0] + i * bin), y)
        context.lineTo(place(domain[0] + (i + 1) * bin), y)
      })
      context.strokeStyle = style.getPropertyValue(image.colour)
      context.lineWidth = 1.5
      context.stroke()
    })
  }
}

/** The smallest range that contains all. */
const join = (ranges) => [Math.min(...ranges.map((one) => one[0])), Math.max(...ranges.map((one) => one[1]))]
