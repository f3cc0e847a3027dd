// Tiles of grey codes, and the OpenSeadragon tile sources that paint them through a colour table.
// The codes stay in the browser, so that a new display window needs no request.

const KEPT_TILES = 160
const TYPE = "grey-codes"

/** Ask the server, and turn its refusal into an error that says what it said. */
export async function ask(address) {
  const answer = await fetch(address)
  if (!answer.ok) throw new Error(await answer.text())
  return answer
}

/** One image of the server: its facts, and its tiles by level (0 is the finest), column and row. */
export class RemoteImage {
  constructor(address, about) {
    Object.assign(this, about, { address })
    this.tiles = new Map()
    this.ready = new Map()
  }

  static async open(address) {
    return new RemoteImage(address, await (await ask(address)).json())
  }

  /** Native grey value of a code. */
  value(code) {
    return this.code.lo + this.code.step * code
  }

  /** Size of a level in px. */
  size(level) {
    return [Math.ceil(this.width / 2 ** level), Math.ceil(this.height / 2 ** level)]
  }

  /** Promise of { codes, width, height }; the longest unused of many tiles are forgotten. */
  tile(level, column, row) {
    const key = `${level}/${column}/${row}`
    const found = this.tiles.get(key) ?? this.fetchTile(level, column, row, key)
    this.tiles.delete(key)
    this.tiles.set(key, found)
    if (this.tiles.size > KEPT_TILES) this.tiles.delete(this.tiles.keys().next().value)
    return found
  }

  fetchTile(level, column, row, key) {
    const promise = ask(`${this.address}/tile/${key}`)
      .then((answer) => answer.arrayBuffer())
      .then((buffer) => this.decode(new Uint8Array(buffer), level, column, row))
    promise.catch(() => this.tiles.delete(key))
    return promise
  }

  decode(bytes, level, column, row) {
    const [across, down] = this.size(level)
    const extent = (index, all) =>
      Math.min(all, (index + 1) * this.tilePx + this.overlap) - Math.max(0, index * this.tilePx - this.overlap)
    const width = extent(column, across)
    const height = extent(row, down)
    let codes = bytes
    if (this.bytes === 2) {
      const count = bytes.length / 2
      codes = new Uint16Array(count)
      for (let i = 0; i < count; i++) codes[i] = (bytes[i] << 8) | bytes[count + i]
    }
    return { codes, width, height }
  }

  /** Native grey value at a place in px from the finest tile that is here, or null; `level` says how fine it is. */
  peek(x, y) {
    for (let level = 0; level < this.levels; level++) {
      const [column, row] = [x, y].map((place) => Math.floor(place / 2 ** level / this.tilePx))
      const tile = this.ready.get(`${level}/${column}/${row}`)
      if (!tile) continue
      const left = Math.floor(x / 2 ** level) - Math.max(0, column * this.tilePx - this.overlap)
      const top = Math.floor(y / 2 ** level) - Math.max(0, row * this.tilePx - this.overlap)
      const code = tile.codes[top * tile.width + left]
      return code === undefined ? null : { value: this.value(code), level }
    }
    return null
  }
}

/** What is painted: one image, or one minus another of the same size, through a palette. */
export class Layer {
  /** `palette(pixels, codes, ...)` colours pixels as 32-bit words from the codes of each image; crisp ones are never smoothed. */
  constructor(images, palette, { transparent = false, crisp = false } = {}) {
    Object.assign(this, { images, palette, transparent, crisp })
  }

  async load(level, column, row) {
    const tiles = await Promise.all(this.images.map((image) => image.tile(level, column, row)))
    this.images.forEach((image, i) => {
      image.ready.set(`${level}/${column}/${row}`, tiles[i])
      if (image.ready.size > KEPT_TILES) image.ready.delete(image.ready.keys().next().value)
    })
    return tiles
  }

  paint(tiles) {
    const { width, height } = tiles[0]
    const canvas = document.createElement("canvas")
    canvas.width = width
    canvas.height = height
    const context = canvas.getContext("2d")
    const picture = context.createImageData(width, height)
    this.palette(new Uint32Array(picture.data.buffer), ...tiles.map((tile) => tile.codes))
    context.putImageData(picture, 0, 0)
    return context
  }
}

/** Teach OpenSeadragon once to paint grey codes; it does so again after `requestInvalidate`. */
export function teach(OpenSeadragon) {
  if (OpenSeadragon.knowsGreyCodes) return
  OpenSeadragon.knowsGreyCodes = true
  OpenSeadragon.converter.learn(TYPE, "context2d", (_, data) => data.layer.paint(data.tiles), 1, 2)
  OpenSeadragon.converter.learn(TYPE, TYPE, (_, data) => data)
}

/** Repaint a tile from its codes; a handler of `tile-invalidated`. */
export async function repaint(event) {
  const data = event.tile.getCache(event.tile.originalCacheKey)?.data
  if (data?.layer) await event.setData(data.layer.paint(data.tiles), "context2d")
}

/** Tile source of a layer; OpenSeadragon counts levels from the coarsest. */
export function tileSource(OpenSeadragon, layer) {
  const [image] = layer.images
  const finest = image.levels - 1
  const source = new OpenSeadragon.TileSource({
    width: image.width,
    height: image.height,
    tileSize: image.tilePx,
    tileOverlap: image.overlap,
    minLevel: 0,
    maxLevel: finest,
  })
  const addresses = layer.images.map((one) => one.address).join("-")
  source.getTileUrl = (level, column, row) => `${addresses}#${finest - level}/${column}/${row}`
  source.getTileHashKey = (level, column, row) => source.getTileUrl(level, column, row)
  source.hasTransparency = () => layer.transparent
  source.downloadTileStart = (job) => {
    const [level, column, row] = job.src.split("#")[1].split("/").map(Number)
    layer
      .load(level, column, row)
      .then((tiles) => job.finish({ layer, tiles }, null, TYPE))
      .catch((error) => job.fail(error.message, null))
  }
  source.downloadTileAbort = () => {}
  return source
}
