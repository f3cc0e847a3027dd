// What of a page cannot be read at its present width: a page that scrolls sideways, and text that is cut off.
// Text may be cut where a title tells it whole, where its frame can be scrolled, and where it is for screen readers only.
() => {
  const found = []
  const above = (element) => element.assignedSlot ?? element.parentElement ?? element.getRootNode().host
  const chain = (element) => {
    const all = []
    for (let at = element; at; at = above(at)) all.push(at)
    return all
  }
  const named = (element) => `${element.tagName.toLowerCase()}.${element.getAttribute("data-testid") ?? element.className}`
  const scrolls = (way) => way === "auto" || way === "scroll"
  const cuts = (way) => way === "hidden" || way === "clip"
  const SKIPPED = "[data-testid=stIconMaterial], script, style, canvas, option, .js-plotly-plot"

  function look(element) {
    const texts = [...element.childNodes].filter((node) => node.nodeType === 3 && node.textContent.trim())
    if (!texts.length || element.closest(SKIPPED)) return
    if (!element.checkVisibility({ opacityProperty: true, visibilityProperty: true })) return
    const parents = chain(element)
    if (parents.some((at) => at.title || at.getAttribute("aria-hidden") === "true")) return
    const range = document.createRange()
    range.setStart(texts[0], 0)
    range.setEnd(texts.at(-1), texts.at(-1).length)
    const box = range.getBoundingClientRect()
    if (box.width < 2 || box.right <= 0) return
    const text = JSON.stringify(element.textContent.trim().replace(/\s+/g, " ").slice(0, 60))
    for (const at of parents) {
      const frame = at.getBoundingClientRect()
      if (frame.width <= 2 || frame.height <= 2) return
      const { overflowX, overflowY } = getComputedStyle(at)
      if (cuts(overflowX) && (box.right > frame.right + 1.5 || box.left < frame.left - 1.5))
        return found.push(`cut off: ${text} in ${named(at)}`)
      if (cuts(overflowY) && box.bottom > frame.bottom + 3) return found.push(`cut off below: ${text} in ${named(at)}`)
      if (scrolls(overflowX) || scrolls(overflowY)) return
    }
    if (box.right > innerWidth + 1) found.push(`beyond the edge: ${text}`)
  }

  function visit(root) {
    for (const element of root.querySelectorAll("*")) {
      if (element.shadowRoot) visit(element.shadowRoot)
      look(element)
    }
  }

  const main = document.querySelector("[data-testid=stMain]")
  for (const element of [document.documentElement, main])
    if (element.scrollWidth > element.clientWidth + 1)
      found.push(`scrolls sideways: ${element.scrollWidth} px in ${element.clientWidth} px of ${named(element)}`)
  visit(document)
  return [...new Set(found)]
}
