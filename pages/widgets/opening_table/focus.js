// Streamlit's table chooses its first cell when it gets the focus, so that whoever passes by with Tab, or comes back from
// another window, would open the first row. Only a click chooses; a list beside the table opens rows by keyboard.

const CLICK_MS = 1000

export default function () {
  if (window.semOpeningTables) return
  window.semOpeningTables = true
  let clicked = -CLICK_MS
  window.addEventListener("pointerdown", () => (clicked = performance.now()), true)
  window.addEventListener(
    "focusin",
    (event) => {
      const isTable = event.target.matches?.("[class*='st-key-opens-'] canvas")
      if (isTable && performance.now() - clicked > CLICK_MS) event.stopImmediatePropagation()
    },
    true,
  )
}
