// Power by spatial frequency in the visible field, and how far output and reference agree (Fourier ring correlation).
import { extremes, legend, plotByUnits } from "./chart.js"
import { afterwards, make } from "./elements.js"
import { ask } from "./tiles.js"

const WAIT_MS = 300
const LARGEST_PX = 1024

export class Spectrum {
  /** `shown()` returns the grey pictures on screen, `compared` null or { output, reference, open() } with two labels; `visible()` the field. */
  constructor(field, shown, compared, visible) {
    Object.assign(this, { field, shown, compared, visible, on: false })
    this.power = make("div", { class: "charts" })
    this.agreement = make("div", { class: "charts" })
    this.legend = make("div", { class: "legend" })
    this.element = make(
      "section",
      { class: "panel spectrum", role: "group", "aria-label": "Spectrum", hidden: "" },
      make("div", { class: "heading" }, make("span", { class: "title" }, "Spectrum of the visible field"), this.legend),
      make("div", { class: "charts pair" }, this.power, ...(compared ? [this.agreement] : [])),
      make("p", { class: "caption" }, this.text()),
    )
    this.measure = afterwards(WAIT_MS, () => this.on && this.ask())
    new ResizeObserver(() => this.draw()).observe(this.element)
  }

  text() {
    const part = `Middle of the field at full resolution, at most ${LARGEST_PX} x ${LARGEST_PX} px, under a Hann window.`
    if (!this.compared) return part
    const { output, reference } = this.compared
    return `${part} Beside it the Fourier ring correlation of ${output} with ${reference}: near 1 where both show the same.`
  }

  toggle() {
    this.on = !this.on
    this.element.hidden = !this.on
    this.measure()
    return this.on
  }

  /** Frequencies per nm, per µm where that is easier to read, or per px of the field. */
  get unit() {
    const { nm } = this.field
    if (!nm) return { name: "1/px", factor: 1 }
    return nm > 20 ? { name: "1/µm", factor: 1e3 / nm } : { name: "1/nm", factor: 1 / nm }
  }

  async ask() {
    try {
      const pictures = this.shown()
      this.curves = await Promise.all(pictures.map((one) => this.powerOf(one)))
      if (this.compared) {
        const [output, reference] = await this.compared.open()
        this.correlation = await this.curve("", output, `${output.address}/agreement/${reference.address.split("/").pop()}`)
      }
      this.legend.replaceChildren(...legend(this.curves))
      this.draw()
    } catch (error) {
      this.legend.textContent = error.message
    }
  }

  /** Power of one px of the field, so that images of any pixel size can be compared. */
  async powerOf({ label, units, image }) {
    const curve = await this.curve(label, image, `${image.address}/spectrum`)
    const perPx = 20 * Math.log10(this.field.width / image.width)
    return { ...curve, units, y: curve.y.map((value) => value + perPx) }
  }

  async curve(label, image, address) {
    const scale = image.width / this.field.width
    const field = Object.fromEntries(Object.entries(this.middle()).map(([side, px]) => [side, Math.round(px * scale)]))
    const { frequency, values } = await (await ask(`${address}?${new URLSearchParams(field)}`)).json()
    return { label, colour: image.colour, x: frequency.map((one) => one * scale * this.unit.factor), y: values }
  }

  /** The same part of all images. */
  middle() {
    const { left, top, right, bottom } = this.visible()
    const [x, y] = [left + right, top + bottom].map((sum) => sum / 2)
    const [across, down] = [right - left, bottom - top].map((size) => Math.min(size, LARGEST_PX) / 2)
    return { left: x - across, top: y - down, right: x + across, bottom: y + down }
  }

  draw() {
    if (!this.curves) return
    const axis = { xLabel: `spatial frequency (${this.unit.name})`, xEnd: this.unit.factor / 2 }
    plotByUnits(this.power, this.curves, { ...axis, yLabel: "power (dB)" }, (alike) => {
      const ranges = alike.map((curve) => `${curve.label} from ${extremes(curve.y).map(Math.round).join(" to ")} dB`)
      return `Power by spatial frequency: ${ranges.join("; ")}`
    })
    if (!this.correlation) return
    const yRange = [Math.min(0, ...this.correlation.y), 1.02]
    const { output, reference } = this.compared
    const text = () => `Fourier ring correlation of ${output} with ${reference}`
    plotByUnits(this.agreement, [this.correlation], { ...axis, yLabel: "ring correlation", yRange }, text)
  }
}
