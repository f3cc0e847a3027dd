// The panel of a difference: colour bar, its range, and the root mean square in the visible field.
import { afterwards, make, slider } from "./elements.js"
import { written } from "./numbers.js"
import { divergingGradient } from "./palettes.js"
import { ask } from "./tiles.js"

const STEPS = 200
const WAIT_MS = 250

export class DifferencePanel {
  constructor(title, first, second, range, changed) {
    Object.assign(this, { first, second, range, changed })
    this.low = make("span")
    this.high = make("span")
    this.caption = make("p", { class: "caption" })
    this.input = slider("Largest difference shown", { min: 1, max: STEPS, step: 1, value: STEPS / 2 }, (place) => this.choose(place))
    this.element = make(
      "section",
      { class: "panel difference", role: "group", "aria-label": title },
      make("div", { class: "heading" }, make("span", { class: "title" }, title)),
      make("div", { class: "colours", style: `background: ${divergingGradient}`, "aria-hidden": "true" }),
      make("div", { class: "ends" }, this.low, make("span", {}, "0"), this.high),
      this.input,
      this.caption,
    )
    this.measure = afterwards(WAIT_MS, (field) => this.ask(field))
  }

  choose(place) {
    // Equal steps of the slider are equal ratios, from a thirtieth to thirty times the first range.
    this.range.most = this.usual * 30 ** ((place - STEPS / 2) / (STEPS / 2))
    this.low.textContent = `−${written(this.range.most)}`
    this.high.textContent = `+${written(this.range.most)}`
    this.input.setAttribute("aria-valuetext", `plus and minus ${written(this.range.most)}`)
    this.changed()
  }

  /** `field` is { left, top, right, bottom } in px of the images. */
  async ask(field) {
    try {
      const answer = await ask(`${this.first.address}/difference/${this.second.address.split("/").pop()}?${new URLSearchParams(field)}`)
      const found = await answer.json()
      if (!this.usual) {
        this.usual = found.largest || 1
        this.choose(STEPS / 2)
      }
      const rows = found.every > 1 ? `, from every ${found.every}th row` : ""
      this.caption.textContent = `Root mean square ${written(found.rms)} grey values in the visible field${rows}.`
    } catch (error) {
      this.caption.textContent = error.message
    }
  }
}
