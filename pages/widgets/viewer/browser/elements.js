// Elements of the page, made in one call.

/** An element with attributes (`on...`: handlers) and children. */
export function make(tag, attributes = {}, ...children) {
  const made = document.createElement(tag)
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value)
    else if (value !== undefined && value !== null) made.setAttribute(name, value)
  }
  made.append(...children)
  return made
}

/** An element of a drawing. */
export function draw(tag, attributes = {}, text = "") {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag)
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value)
  made.textContent = text
  return made
}

/** A slider below its label; `changed` gets the number. */
export function slider(label, { min, max, step, value }, changed) {
  const input = make("input", { type: "range", min, max, step, value, "aria-label": label })
  input.addEventListener("input", () => changed(Number(input.value)))
  return input
}

/** Call a function when nothing has happened for a while. */
export function afterwards(milliseconds, call) {
  let timer
  return (...values) => {
    clearTimeout(timer)
    timer = setTimeout(() => call(...values), milliseconds)
  }
}

/** Call a function once in the next frame, however often it is asked for. */
export function nextFrame(call) {
  let waiting = false
  return () => {
    if (waiting) return
    waiting = true
    requestAnimationFrame(() => {
      waiting = false
      call()
    })
  }
}
