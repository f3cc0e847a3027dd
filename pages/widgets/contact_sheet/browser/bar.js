// The bottom of an image with the line above which it is kept: dragged, or moved by the arrow keys.

export default function ({ data, parentElement, setTriggerValue }) {
  const strip = parentElement.querySelector(".strip")
  let rows = data.rows
  strip.innerHTML = '<img alt=""><div class="cut"></div><div class="grip" role="slider" tabindex="0"></div>'
  const [image, cut, grip] = strip.children
  image.src = data.picture
  image.draggable = false
  grip.setAttribute("aria-label", "Rows of data bar")
  grip.setAttribute("aria-orientation", "vertical")
  grip.setAttribute("aria-valuemin", 0)
  grip.setAttribute("aria-valuemax", data.stripRows)
  const show = (wanted) => {
    rows = Math.max(0, Math.min(data.stripRows, data.height - 1, Math.round(wanted)))
    const share = `${(100 * rows) / data.stripRows}%`
    cut.style.height = rows ? share : "0"
    cut.style.borderTopWidth = rows ? "2px" : "0"
    grip.style.bottom = share
    grip.dataset.rows = rows ? `${rows} rows are cut` : "drag up to cut"
    grip.setAttribute("aria-valuenow", rows)
  }
  const told = () => rows !== data.rows && setTriggerValue("rows", rows)
  const at = (event) => {
    const box = strip.getBoundingClientRect()
    return ((box.bottom - event.clientY) / box.height) * data.stripRows
  }
  strip.onpointerdown = (event) => {
    strip.setPointerCapture(event.pointerId)
    show(at(event))
    strip.onpointermove = (moved) => show(at(moved))
  }
  strip.onpointerup = strip.onpointercancel = () => {
    if (strip.onpointermove) told()
    strip.onpointermove = null
  }
  grip.onkeydown = (event) => {
    const steps = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10, Home: -rows }
    if (!(event.key in steps)) return
    event.preventDefault()
    show(rows + steps[event.key])
  }
  grip.onkeyup = (event) => event.key.startsWith("Arrow") || event.key.startsWith("Page") || event.key === "Home" ? clearTimeout(strip.timer) || (strip.timer = setTimeout(told, 600)) : null
  show(rows)
}
