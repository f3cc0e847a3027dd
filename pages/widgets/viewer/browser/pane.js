// One pane: a picture with its label, scale bar and overlay, in an OpenSeadragon viewer of its own.
import { drawScaleBar } from "./scale_bar.js"
import { repaint, tileSource } from "./tiles.js"

const SVG = "http://www.w3.org/2000/svg"

export class Pane {
  /** `field` is { width, height, nm } of the finest image; all pictures cover the same field. */
  constructor(OpenSeadragon, field) {
    this.OpenSeadragon = OpenSeadragon
    this.field = field
    this.element = document.createElement("div")
    this.element.className = "pane"
    this.picture = this.add("div", "picture")
    this.name = this.add("div", "name")
    this.bar = this.add("div", "bar")
    this.zoom = this.add("div", "zoom")
    this.message = this.add("div", "message")
    this.drawing = document.createElementNS(SVG, "svg")
    this.drawing.classList.add("drawing")
    this.element.append(this.drawing)
    this.viewer = this.makeViewer()
  }

  add(tag, name) {
    const made = document.createElement(tag)
    made.className = name
    this.element.append(made)
    return made
  }

  makeViewer() {
    const viewer = this.OpenSeadragon({
      element: this.picture,
      drawer: "canvas",
      showNavigationControl: false,
      showNavigator: true,
      navigatorPosition: "BOTTOM_RIGHT",
      navigatorSizeRatio: 0.18,
      navigatorAutoFade: false,
      animationTime: 0.25,
      springStiffness: 12,
      zoomPerScroll: 1.25,
      minZoomImageRatio: 0.8,
      maxZoomPixelRatio: 32,
      visibilityRatio: 0.6,
      immediateRender: true,
      blendTime: 0,
      imageLoaderLimit: 6,
      maxImageCacheCount: 120,
      gestureSettingsMouse: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsTouch: { clickToZoom: false, dblClickToZoom: true },
      gestureSettingsPen: { clickToZoom: false, dblClickToZoom: true },
    })
    viewer.addHandler("tile-invalidated", repaint)
    viewer.addHandler("tile-load-failed", (event) => this.say(event.message))
    viewer.addHandler("update-viewport", () => this.refresh())
    viewer.addHandler("resize", () => this.refresh())
    return viewer
  }

  /** Show a layer under a label. */
  show(label, layer, description) {
    this.label = label
    this.name.textContent = label
    this.picture.setAttribute("role", "img")
    this.picture.setAttribute("aria-label", description)
    this.layer = layer
    this.viewer.open(tileSource(this.OpenSeadragon, layer))
    return new Promise((resolve) => this.viewer.addOnceHandler("open", resolve))
  }

  /** Lay another layer over the picture, or none. */
  cover(layer, opacity) {
    const { world } = this.viewer
    this.covering = layer
    if (world.getItemCount() > 1) world.removeItem(world.getItemAt(1))
    if (layer) this.viewer.addTiledImage({ tileSource: tileSource(this.OpenSeadragon, layer), index: 1, opacity })
  }

  setCoverOpacity(opacity) {
    this.viewer.world.getItemAt(1)?.setOpacity(opacity)
  }

  repaint() {
    return this.viewer.requestInvalidate(true)
  }

  say(text) {
    this.message.textContent = text
  }

  /** Screen px per px of the field. */
  get scale() {
    const viewport = this.viewer.viewport
    return viewport ? (viewport.getZoom(true) * viewport.getContainerSize().x) / this.field.width : 0
  }

  /** Place on the pane, in screen px, of a place in the field, in px. */
  toScreen({ x, y }) {
    const place = new this.OpenSeadragon.Point(x / this.field.width, y / this.field.width)
    return this.viewer.viewport.viewportToViewerElementCoordinates(place)
  }

  /** Place in the field, in px, under a mouse event. */
  toField(event) {
    const box = this.element.getBoundingClientRect()
    const place = new this.OpenSeadragon.Point(event.clientX - box.left, event.clientY - box.top)
    const found = this.viewer.viewport.viewerElementToViewportCoordinates(place)
    return { x: found.x * this.field.width, y: found.y * this.field.width }
  }

  refresh() {
    const scale = this.scale
    if (!scale || !this.layer) return
    const screen = scale * window.devicePixelRatio
    const own = (screen * this.field.width) / this.layer.images[0].width
    // Between two classes there is no third one.
    this.viewer.drawer.setImageSmoothingEnabled(own < 1 && !this.layer.crisp && !this.covering?.crisp)
    const { viewport, navigator } = this.viewer
    const whole = viewport.getZoom(true) < 1.02 * viewport.getHomeZoom()
    navigator.element.style.visibility = this.overview && !whole ? "visible" : "hidden"
    drawScaleBar(this.bar, this.element.clientWidth, scale, this.field.nm)
    this.zoom.textContent = Math.abs(screen - 1) < 5e-3 ? "1:1" : screen > 1 ? `${screen.toFixed(1)}x` : `${(100 * screen).toFixed(screen < 0.1 ? 1 : 0)} %`
    this.redraw?.(this)
  }

  /** One overview is enough for linked panes. */
  setOverview(on) {
    this.overview = on
    this.refresh()
  }

  fit() {
    this.viewer.viewport.goHome()
  }

  /** One px of the field on one px of the screen. */
  oneToOne() {
    const { viewport } = this.viewer
    viewport.zoomTo(this.field.width / viewport.getContainerSize().x / window.devicePixelRatio)
  }

  zoomBy(factor) {
    const { viewport } = this.viewer
    viewport.zoomBy(factor)
    viewport.applyConstraints()
  }

  /** Show the same field as another pane: same centre, and same share of the width. */
  follow(other) {
    const [mine, its] = [this.viewer.viewport, other.viewer.viewport]
    if (!this.viewer.isOpen() || !other.viewer.isOpen()) return
    const [zoom, centre] = [its.getZoom(true), its.getCenter(true)]
    const away = mine.getCenter(true).minus(centre)
    if (mine.getZoom(true) === zoom && Math.hypot(away.x, away.y) < 1e-9) return
    mine.zoomTo(zoom, null, true)
    mine.panTo(centre, true)
  }

  destroy() {
    this.viewer.destroy()
    this.element.remove()
  }
}
