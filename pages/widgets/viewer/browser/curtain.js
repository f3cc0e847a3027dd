// Two panes on top of each other, divided by a line that is dragged on the picture.
import { make } from "./elements.js"

const STEP = 0.02

export class Curtain {
  constructor(stage) {
    this.stage = stage
    this.share = 0.5
    this.handle = make(
      "div",
      { class: "curtain", role: "slider", tabindex: 0, "aria-label": "Dividing line", "aria-valuemin": 0, "aria-valuemax": 100, "aria-orientation": "horizontal" },
      make("div", { class: "grip", "aria-hidden": "true" }, "⇔"),
    )
    this.handle.addEventListener("pointerdown", (event) => this.drag(event))
    this.handle.addEventListener("keydown", (event) => this.key(event))
  }

  /** Divide between two panes, or not at all. */
  divide(panes) {
    for (const pane of this.panes ?? []) {
      pane.element.style.clipPath = ""
      pane.element.append(pane.bar, pane.zoom)
    }
    this.panes = panes
    if (panes) {
      // In a pane they would be cut where it is; both panes show the same field.
      this.stage.append(this.handle, panes[0].bar, panes[0].zoom)
      this.set(this.share)
    } else this.handle.remove()
  }

  set(share) {
    this.share = Math.min(1, Math.max(0, share))
    const percent = 100 * this.share
    this.handle.style.left = `${percent}%`
    this.handle.setAttribute("aria-valuenow", Math.round(percent))
    this.panes[0].element.style.clipPath = `inset(0 ${100 - percent}% 0 0)`
    this.panes[1].element.style.clipPath = `inset(0 0 0 ${percent}%)`
  }

  drag(event) {
    event.preventDefault()
    this.handle.focus()
    this.handle.setPointerCapture(event.pointerId)
    this.handle.onpointermove = (moved) => {
      const box = this.stage.getBoundingClientRect()
      this.set((moved.clientX - box.left) / box.width)
    }
    this.handle.onpointerup = () => (this.handle.onpointermove = null)
  }

  key(event) {
    const change = { ArrowLeft: -STEP, ArrowRight: STEP, Home: -1, End: 1 }[event.key]
    if (!change) return
    event.preventDefault()
    event.stopPropagation()
    this.set(this.share + change)
  }
}
