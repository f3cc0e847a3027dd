// The viewer: linked panes or a curtain, display windows, difference, overlay, classes, line profile.
import { Curtain } from "./curtain.js"
import { DifferencePanel } from "./difference.js"
import { afterwards, make, nextFrame, slider } from "./elements.js"
import { Levels } from "./levels.js"
import { length, written } from "./numbers.js"
import * as palettes from "./palettes.js"
import { Pane } from "./pane.js"
import { Profile } from "./profile.js"
import { Spectrum } from "./spectrum.js"
import { Layer, RemoteImage, teach } from "./tiles.js"

const NARROW_PX = 640
const MOST_PANES = 4
const COLOURS = ["--curve-1", "--curve-2", "--curve-3", "--curve-4"]

const colours = (classes) => classes.map((one) => one.colour)

/** Show what `data` (see `component.py`) describes in `root`; the same data again change nothing. */
export function mount(root, data) {
  const signature = JSON.stringify(data)
  if (root.shownViewer?.signature === signature) return
  root.shownViewer?.viewer.destroy()
  const viewer = new ImageViewer(root, data)
  root.shownViewer = { signature, viewer }
  viewer.start().catch((error) => root.replaceChildren(make("p", { class: "failed", role: "alert" }, error.message)))
}

class ImageViewer {
  constructor(root, data) {
    Object.assign(this, { root, data, panes: [], opened: [], levels: new Map(), curtained: false, gone: false, listening: new AbortController() })
    root.replaceChildren(make("p", { class: "caption" }, "Opening the images"))
  }

  async start() {
    const { images, differences, shown } = this.data
    teach(OpenSeadragon)
    this.views = [...images.map((one, i) => ({ ...one, images: [i] })), ...differences.map((one) => ({ ...one, images: [one.of, one.minus] }))]
    this.selected = new Set(shown)
    const measured = images.flatMap((image, i) => (image.measured ? [i] : []))
    const needed = new Set([...measured, ...shown.flatMap((i) => this.views[i].images)])
    this.first = await Promise.all([...needed].map((i) => this.open(i)))
    if (this.gone) return
    const finest = this.first.reduce((one, other) => (other.width > one.width ? other : one))
    this.field = { width: finest.width, height: finest.height, nm: finest.facts.pixel_size_nm, aspect: finest.facts.pixel_aspect }
    this.build()
    await this.arrange()
  }

  /** Open an image once; those that nobody has asked for are not even computed. */
  open(i) {
    this.opened[i] ??= RemoteImage.open(this.data.images[i].address).then((image) =>
      Object.assign(image, { colour: COLOURS[i % COLOURS.length], units: this.data.images[i].units, measured: this.data.images[i].measured }),
    )
    this.opened[i].catch(() => (this.opened[i] = null))
    return this.opened[i]
  }

  /** Open the images of a view, and decide how it is painted. */
  async prepare(view) {
    if (view.layer) return
    const images = await Promise.all(view.images.map((i) => this.open(i)))
    if (this.gone || view.layer) return
    if (view.classes) this.prepareClasses(view, ...images)
    else if (images.length === 1) this.prepareGrey(view, ...images)
    else this.prepareDifference(view, ...images)
  }

  prepareGrey(view, image) {
    view.image = image
    view.layer = new Layer([image], palettes.grey(image, this.levelsOf(image).window))
    view.description = `${view.label}, ${image.width} by ${image.height} pixels, ${image.facts.dtype}`
  }

  prepareClasses(view, image) {
    view.image = image
    view.layer = new Layer([image], palettes.classes(colours(view.classes), false), { crisp: true })
    view.description = `${view.label}, ${image.width} by ${image.height} pixels, in the colours of ${view.classes.length} classes`
  }

  prepareDifference(view, first, second) {
    const range = { most: 1 }
    view.layer = new Layer([first, second], palettes.difference(first, second, range))
    view.description = `${view.label}: blue where it is darker, red where it is brighter`
    const repaint = nextFrame(() => this.panes.forEach((pane) => pane.view === view && pane.repaint()))
    view.panel = new DifferencePanel(view.label, first, second, range, repaint)
    this.panels.append(view.panel.element)
  }

  /** The display window of an image: one for all in the same units. */
  levelsOf(image) {
    const { units } = image
    if (!this.levels.has(units)) {
      const several = new Set(this.data.images.flatMap((one) => (one.classes ? [] : [one.units]))).size > 1
      const alike = this.first.filter((one) => one.units === units)
      const measured = alike.filter((one) => one.measured)
      const repaint = nextFrame(() => this.panes.forEach((pane) => pane.view?.units === units && pane.repaint()))
      this.levels.set(units, new Levels(several ? `Display window: ${units}` : "Display window", measured.length ? measured : [image], repaint))
      this.panels.prepend(this.levels.get(units).element)
    }
    const levels = this.levels.get(units)
    levels.add(image)
    return levels
  }

  build() {
    const grey = () => this.shownViews().filter((view) => view.image && !view.classes)
    this.profile = new Profile(this.field, grey, () => this.panes)
    this.spectrum = new Spectrum(this.field, grey, this.compared(), () => this.visible())
    this.stage = make("div", { class: "stage" })
    this.curtain = new Curtain(this.stage)
    this.status = make("div", { class: "status" })
    this.panels = make("div", { class: "panels" })
    if (this.data.overlays.length) this.panels.append(this.overlayPanel())
    this.root.replaceChildren(this.toolbar(), this.stage, this.status, this.profile.element, this.spectrum.element, this.panels)
    this.root.addEventListener("keydown", (event) => this.key(event), { capture: true, signal: this.listening.signal })
    const resized = afterwards(60, () => this.gone || this.resize())
    this.observer = new ResizeObserver(resized)
    this.observer.observe(this.root)
    this.moved = afterwards(200, () => this.measureField())
  }

  /** Output and reference of the first difference. */
  compared() {
    const [first] = this.data.differences
    if (!first) return null
    const [output, reference] = [first.of, first.minus].map((i) => this.data.images[i].label)
    return { output, reference, open: () => Promise.all([this.open(first.of), this.open(first.minus)]) }
  }

  toolbar() {
    const button = (label, title, call, pressed) =>
      make("button", { type: "button", title, "aria-pressed": pressed, onclick: call }, label)
    this.toggles = this.views.map((view, i) => button(view.label, `Show or hide: ${view.label}`, () => this.toggle(i), "false"))
    this.sides = button("Side by side", "Pictures beside each other (S)", () => this.setCurtain(false), "true")
    this.curtains = button("Curtain", "Two pictures on either side of a line (C)", () => this.setCurtain(true), "false")
    this.profiles = button("Profile", "Grey values along a line (P)", () => this.toggleProfile(), "false")
    this.spectra = button("Spectrum", "Power by spatial frequency in the visible field (E)", () => this.toggleSpectrum(), "false")
    const group = (label, ...children) => make("div", { class: "group", role: "group", "aria-label": label }, ...children)
    return make(
      "div",
      { class: "tools", role: "toolbar", "aria-label": "Viewer" },
      // A single picture is neither chosen nor arranged.
      ...(this.views.length > 1 ? [group("Pictures", ...this.toggles), group("Arrangement", this.sides, this.curtains)] : []),
      group(
        "Zoom",
        button("Fit", "Whole picture (0)", () => this.lead().fit()),
        button("1:1", "One pixel on one pixel of the screen (1)", () => this.lead().oneToOne()),
        button("−", "Smaller (-)", () => this.lead().zoomBy(0.5)),
        button("+", "Larger (+)", () => this.lead().zoomBy(2)),
      ),
      group("Tools", this.profiles, this.spectra, button("Full screen", "Whole screen (F)", () => this.fullScreen())),
    )
  }

  overlayPanel() {
    const classes = this.data.overlays[0].classes
    this.cover = { index: -1, opacity: classes ? 0.4 : 0.7 }
    const caption = make("p", { class: "caption" })
    const choice = make(
      "select",
      { "aria-label": "Overlay" },
      make("option", { value: -1 }, "None"),
      ...this.data.overlays.map((one, i) => make("option", { value: i }, one.label)),
    )
    const opacity = slider("Strength of the overlay", { min: 0, max: 1, step: 0.05, value: this.cover.opacity }, (value) => {
      this.cover.opacity = value
      this.panes.forEach((pane) => pane.setCoverOpacity(value))
    })
    const choose = (index) => {
      strength.hidden = index < 0
      this.chooseCover(index, caption)
    }
    const strength = make("label", { class: "strength" }, "Strength", opacity)
    choice.addEventListener("change", () => choose(Number(choice.value)))
    choose((choice.value = classes ? 0 : -1))
    return make(
      "section",
      { class: "panel overlay", role: "group", "aria-label": "Overlay" },
      make("div", { class: "heading" }, make("span", { class: "title" }, "Overlay"), choice),
      strength,
      caption,
    )
  }

  async chooseCover(index, caption) {
    Object.assign(this.cover, { index, layer: null, read: null })
    caption.textContent = index < 0 ? "" : "Computing"
    try {
      if (index >= 0) {
        const { address, label, full, classes, caption: text } = this.data.overlays[index]
        const image = await RemoteImage.open(address)
        if (this.cover.index !== index) return
        const { mean, median } = image.summary
        caption.textContent = text.replace("{median}", written(median)).replace("{mean_percent}", `${Math.round(100 * mean)} %`)
        const palette = classes ? palettes.classes(colours(classes), true) : palettes.orange(image, full)
        this.cover.layer = new Layer([image], palette, { transparent: true, crisp: Boolean(classes) })
        this.cover.read = classes && { label, image, classes }
      }
      this.layCover()
    } catch (error) {
      caption.textContent = error.message
    }
  }

  /** The pane of the image that the overlay is about, or the first where that image is not shown. */
  coveredPane() {
    const about = this.views[this.data.overlays?.[this.cover?.index]?.on ?? 0]
    return this.panes.find((pane) => pane.view === about) ?? this.panes[0]
  }

  /** The other pictures can be seen without the overlay. */
  layCover() {
    const covered = this.coveredPane()
    this.panes.forEach((pane) => pane.cover(pane === covered ? this.cover?.layer : null, this.cover?.opacity))
  }

  shownViews() {
    const views = this.views.filter((_, i) => this.selected.has(i))
    return this.curtained ? views.slice(0, 2) : views
  }

  toggle(i) {
    if (this.selected.has(i)) {
      if (this.selected.size > 1) this.selected.delete(i)
    } else {
      if (this.selected.size >= MOST_PANES) this.selected.delete(Math.max(...this.selected))
      this.selected.add(i)
    }
    if (this.selected.size < 2) this.curtained = false
    this.arrange()
  }

  setCurtain(on) {
    this.curtained = on && this.selected.size > 1
    this.arrange()
  }

  toggleProfile() {
    this.profiles.setAttribute("aria-pressed", this.profile.toggle(this.visible()))
  }

  toggleSpectrum() {
    this.spectra.setAttribute("aria-pressed", this.spectrum.toggle())
  }

  /** Make as many panes as there are pictures, and show one in each; where nothing changed nothing is loaded again. */
  async arrange() {
    const views = this.shownViews()
    this.toggles.forEach((button, i) => button.setAttribute("aria-pressed", this.selected.has(i)))
    if (views.some((view) => !view.layer)) this.status.textContent = "Computing"
    try {
      await Promise.all(views.map((view) => this.prepare(view)))
    } catch (error) {
      this.status.textContent = error.message
      return
    }
    // Somebody may have chosen other pictures in the meantime.
    if (!this.gone && this.shownViews().every((view) => view.layer)) this.place(this.shownViews())
  }

  place(views) {
    const bounds = this.panes[0]?.viewer.viewport?.getBounds(true)
    while (this.panes.length > views.length) this.panes.pop().destroy()
    while (this.panes.length < views.length) this.addPane()
    this.size()
    views.forEach((view, i) => this.fill(this.panes[i], view, bounds))
    this.panes.forEach((pane, i) => pane.setOverview(i === this.panes.length - 1))
    this.layCover()
    this.curtain.divide(this.curtained ? this.panes : null)
    this.sides.setAttribute("aria-pressed", !this.curtained)
    this.curtains.setAttribute("aria-pressed", this.curtained)
    this.curtains.disabled = this.selected.size < 2
    for (const view of this.views) if (view.panel) view.panel.element.hidden = !views.includes(view)
    for (const [units, one] of this.levels) one.element.hidden = !views.some((view) => view.units === units)
    this.profile.update()
    this.spectrum.measure()
  }

  addPane() {
    const pane = new Pane(OpenSeadragon, this.field)
    this.panes.push(pane)
    this.stage.append(pane.element)
    pane.viewer.addHandler("viewport-change", () => this.follow(pane))
    for (const name of ["pointerdown", "wheel", "focusin", "pointerenter"]) pane.element.addEventListener(name, () => (this.leader = pane), true)
    pane.element.addEventListener("pointermove", (event) => this.read(pane, event))
    pane.element.addEventListener("pointerleave", () => (this.status.textContent = this.extent()))
  }

  /** Others follow the leader; one that moves by itself, because its size changed, is brought back. */
  follow(pane) {
    const leader = this.lead()
    if (pane === leader) {
      this.panes.forEach((other) => other !== pane && other.follow(pane))
      this.moved()
    } else pane.follow(leader)
  }

  async fill(pane, view, bounds) {
    if (pane.view === view) return
    pane.view = view
    await pane.show(view.label, view.layer, view.description)
    if (this.gone || !pane.viewer.viewport) return
    if (pane !== this.lead()) pane.follow(this.lead())
    else if (bounds) pane.viewer.viewport.fitBounds(bounds, true)
    if (pane === this.coveredPane()) this.layCover()
    this.status.textContent = this.extent()
    this.profile.update()
    this.moved()
  }

  /** The pane that others follow. */
  lead() {
    if (!this.panes.includes(this.leader)) this.leader = this.panes[0]
    return this.leader
  }

  size() {
    const count = this.curtained ? 1 : this.panes.length
    const wide = this.root.clientWidth
    const columns = wide < NARROW_PX ? 1 : count === 4 ? 2 : count
    const rows = Math.ceil(count / columns)
    const proportion = (this.field.height * this.field.aspect) / this.field.width
    const screen = document.fullscreenElement ? innerHeight - 90 : innerHeight * (rows > 1 ? 0.9 : 0.62)
    const height = Math.max(180, Math.min((wide / columns) * proportion, screen / (wide < NARROW_PX ? 1 : rows)))
    this.stage.style.gridTemplateColumns = `repeat(${columns}, minmax(0, 1fr))`
    this.stage.style.setProperty("--height", `${Math.round(height)}px`)
    this.stage.classList.toggle("curtained", this.curtained)
  }

  resize() {
    this.size()
    this.panes.forEach((pane) => pane.refresh())
  }

  /** The visible part of the field in whole px. */
  visible() {
    const bounds = this.lead().viewer.viewport.getBounds(true)
    const { width, height } = this.field
    const inside = (value, most) => Math.round(Math.min(most, Math.max(0, value * width)))
    return {
      left: inside(bounds.x, width),
      top: inside(bounds.y, height),
      right: inside(bounds.x + bounds.width, width),
      bottom: inside(bounds.y + bounds.height, height),
    }
  }

  measureField() {
    if (this.gone) return
    for (const view of this.shownViews()) view.panel?.measure(this.visible())
    this.spectrum.measure()
  }

  /** What is under the mouse, in all pictures shown. */
  read(pane, event) {
    if (!pane.viewer.viewport) return
    const place = pane.toField(event)
    if (place.x < 0 || place.y < 0 || place.x >= this.field.width || place.y >= this.field.height) return
    const read = [...this.shownViews(), ...(this.cover?.read ? [this.cover.read] : [])]
    const parts = read.flatMap(({ image, label, classes }) => {
      const found = image?.peek((place.x / this.field.width) * image.width, (place.y / this.field.width) * image.width)
      if (!found) return []
      const of = found.level ? ` (${classes ? "one" : "mean"} of ${2 ** found.level} x ${2 ** found.level} px)` : ""
      return [`${label} ${classes ? (classes[found.value]?.name ?? "") : written(found.value)}${of}`]
    })
    this.status.textContent = [`x ${length(place.x, this.field.nm)}, y ${length(place.y, this.field.nm && this.field.nm * this.field.aspect)}`, ...parts].join("  ·  ")
  }

  extent() {
    const { width, height, nm, aspect } = this.field
    const size = `${width} x ${height} px`
    return nm ? `Field ${length(width, nm)} x ${length(height, nm * aspect)}, ${size}` : `Field ${size}, pixel size unknown`
  }

  key(event) {
    if (event.ctrlKey || event.altKey || event.metaKey || /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) return
    const calls = {
      0: () => this.lead().fit(),
      1: () => this.lead().oneToOne(),
      "+": () => this.lead().zoomBy(2),
      "-": () => this.lead().zoomBy(0.5),
      s: () => this.setCurtain(false),
      c: () => this.setCurtain(true),
      p: () => this.toggleProfile(),
      e: () => this.toggleSpectrum(),
      f: () => this.fullScreen(),
      r: () => {},
    }
    const call = calls[event.key.toLowerCase()]
    if (!call) return
    event.preventDefault()
    event.stopPropagation()
    call()
  }

  fullScreen() {
    if (document.fullscreenElement) document.exitFullscreen()
    else this.root.requestFullscreen()
  }

  destroy() {
    this.gone = true
    this.observer?.disconnect()
    this.listening.abort()
    this.panes.forEach((pane) => pane.destroy())
    this.panes = []
  }
}
