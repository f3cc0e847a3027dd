// A contact sheet: a list box of pictures in sections. The page gets what is chosen and what is dropped where.

function element(kind, className, text) {
  const made = document.createElement(kind)
  made.className = className
  if (text !== undefined) made.textContent = text
  return made
}

function pictureOf(tile) {
  const shown = element("div", "shown")
  const image = element("img", "")
  image.src = tile.picture
  image.alt = ""
  image.draggable = false
  shown.append(image)
  if (tile.bar > 0) {
    const cut = element("div", "cut")
    cut.style.height = `${100 * tile.bar}%`
    shown.append(cut)
  }
  return shown
}

function tileElement(tile) {
  const made = element("div", tile.left_out ? "tile out" : "tile")
  made.setAttribute("role", "option")
  made.dataset.id = tile.id
  made.draggable = true
  made.title = [tile.name, tile.facts, ...tile.marks].join("\n")
  made.setAttribute("aria-label", [tile.name, tile.split, `group ${tile.group}`, tile.facts, ...tile.marks].join(", "))
  const frame = element("div", "frame")
  frame.append(pictureOf(tile), element("span", `mark split ${tile.split}`, tile.left_out ? "left out" : tile.split))
  const marks = element("div", "marks")
  marks.append(...tile.marks.map((text) => element("span", "mark", text)))
  frame.append(marks)
  made.append(frame, element("div", "name", tile.name), element("div", "group", tile.group), element("div", "facts", tile.facts))
  return made
}

function choose(state, id, { add = false, range = false } = {}) {
  const order = state.tiles.map((tile) => tile.dataset.id)
  if (range && state.anchor) {
    const [from, to] = [order.indexOf(state.anchor), order.indexOf(id)].sort((a, b) => a - b)
    state.selected = new Set(order.slice(from, to + 1))
  } else if (add) {
    state.selected.has(id) ? state.selected.delete(id) : state.selected.add(id)
    state.anchor = id
  } else {
    state.selected = new Set([id])
    state.anchor = id
  }
  mark(state)
  state.tell("selected", [...state.selected])
}

function mark(state) {
  for (const tile of state.tiles) tile.setAttribute("aria-selected", state.selected.has(tile.dataset.id))
}

function focus(state, index) {
  const tile = state.tiles[Math.max(0, Math.min(state.tiles.length - 1, index))]
  for (const other of state.tiles) other.tabIndex = other === tile ? 0 : -1
  tile?.focus()
  return tile
}

function across(state) {
  const top = state.tiles[0].offsetTop
  return Math.max(1, state.tiles.filter((tile) => tile.offsetTop === top).length)
}

function onKey(state, event) {
  const index = state.tiles.indexOf(event.target.closest(".tile"))
  if (index < 0) return
  const steps = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: across(state), ArrowUp: -across(state), Home: -index, End: state.tiles.length }
  if (event.key in steps) {
    const tile = focus(state, index + steps[event.key])
    if (event.shiftKey) choose(state, tile.dataset.id, { range: true })
  } else if (event.key === " " || event.key === "Enter") {
    choose(state, state.tiles[index].dataset.id, { add: event.key === " ", range: event.shiftKey })
  } else if (event.key === "a" && (event.ctrlKey || event.metaKey)) {
    state.selected = new Set(state.tiles.map((tile) => tile.dataset.id))
    mark(state)
    state.tell("selected", [...state.selected])
  } else return
  event.preventDefault()
}

function sectionElement(state, section) {
  const made = element("div", "section")
  made.setAttribute("role", "group")
  made.setAttribute("aria-label", section.title)
  const head = element("div", "head")
  head.append(element("b", "", section.title), element("span", "note", section.note))
  const tiles = element("div", "tiles")
  tiles.append(...section.tiles.map(tileElement))
  made.append(head, tiles)
  if (section.takes) {
    made.addEventListener("dragover", (event) => (event.preventDefault(), made.classList.add("over")))
    made.addEventListener("dragleave", () => made.classList.remove("over"))
    made.addEventListener("drop", (event) => {
      event.preventDefault()
      made.classList.remove("over")
      if (state.dragged?.length) state.tell("dropped", { images: state.dragged, section: section.key }, true)
    })
  }
  return made
}

export default function ({ data, parentElement, setStateValue, setTriggerValue }) {
  const root = parentElement.querySelector(".sheet")
  const focused = root.querySelector(".tile:focus")?.dataset.id
  const state = {
    selected: new Set(data.selected),
    anchor: root.sheetAnchor ?? data.selected[0],
    tell(name, value, once) {
      root.sheetAnchor = state.anchor
      once ? setTriggerValue(name, value) : setStateValue(name, value)
    },
  }
  const scrolled = root.scrollTop
  root.replaceChildren(...data.sections.map((section) => sectionElement(state, section)))
  state.tiles = [...root.querySelectorAll(".tile")]
  root.scrollTop = scrolled
  mark(state)
  state.tiles.forEach((tile, index) => (tile.tabIndex = index ? -1 : 0))
  if (focused) focus(state, state.tiles.findIndex((tile) => tile.dataset.id === focused))
  root.onclick = (event) => {
    const tile = event.target.closest(".tile")
    if (!tile) return
    focus(state, state.tiles.indexOf(tile))
    choose(state, tile.dataset.id, { add: event.ctrlKey || event.metaKey, range: event.shiftKey })
  }
  root.onkeydown = (event) => onKey(state, event)
  root.ondragstart = (event) => {
    const id = event.target.closest(".tile")?.dataset.id
    state.dragged = state.selected.has(id) ? [...state.selected] : [id]
    event.dataTransfer.setData("text/plain", state.dragged.join("\n"))
  }
}
