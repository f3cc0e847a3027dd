// Watches the connection of Streamlit's page to its server, and says in our words when it is lost.

const PATIENCE_MS = 3000
const TEXT =
  "The server of the workbench does not answer. Trainings and other background work do not need it and go on. This page continues by itself when the server is back."
const STYLE =
  "position:fixed;inset:0 0 auto 0;z-index:1000000;padding:8px 16px;background:#ffd75e;color:#2b2200;font:14px/1.4 sans-serif;text-align:center"

function line() {
  const element = document.createElement("div")
  element.id = "sem-away"
  element.setAttribute("role", "alert")
  element.style.cssText = STYLE
  element.textContent = TEXT
  return element
}

/** Close Streamlit's own box, which tells the reader to start a program that only the server's owner can start. */
function closeBox() {
  for (const box of document.querySelectorAll('[role="dialog"]'))
    if (box.textContent.includes("Connection error")) box.querySelector('button[aria-label="Close"]')?.click()
}

function watch() {
  const app = document.querySelector('[data-testid="stApp"]')
  if (!app) return
  let timer = null
  const look = () => {
    const connected = app.getAttribute("data-test-connection-state") === "CONNECTED"
    if (connected) {
      clearTimeout(timer)
      timer = null
      document.getElementById("sem-away")?.remove()
    } else timer ??= setTimeout(() => document.getElementById("sem-away") || document.body.append(line()), PATIENCE_MS)
    if (!connected) closeBox()
  }
  new MutationObserver(look).observe(app, { attributes: true, attributeFilter: ["data-test-connection-state"] })
  new MutationObserver(() => timer && closeBox()).observe(document.body, { childList: true, subtree: true })
  look()
}

export default function () {
  if (window.semAway) return
  window.semAway = true
  watch()
}
