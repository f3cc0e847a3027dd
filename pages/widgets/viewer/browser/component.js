// Loads the viewer from this server and shows it; everything else is in the files beside this one.

function script(address) {
  if (window.OpenSeadragon) return Promise.resolve()
  window.semViewerScript ??= new Promise((resolve, reject) => {
    const element = document.createElement("script")
    element.src = address
    element.onload = resolve
    element.onerror = () => reject(new Error("The viewer could not be loaded. Load the page again."))
    document.head.append(element)
  })
  return window.semViewerScript
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector(".sem-viewer")
  const assets = new URL(data.assets, window.location.origin)
  Promise.all([import(`${assets}/viewer.js`), script(`${assets}/openseadragon.min.js`)])
    .then(([{ mount }]) => root.isConnected && mount(root, data))
    .catch((error) => (root.textContent = error.message))
  return () => setTimeout(() => root.isConnected || root.shownViewer?.viewer.destroy())
}
