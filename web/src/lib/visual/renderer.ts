import { type Gl, type Program, program, putBytes, type Target, target, texture } from './gl.ts'
import type { Palette } from './palette.ts'
import { HISTORY_ROWS, type Scene } from './scenes/index.ts'
import { BANDS, type Signal } from './signal.ts'

export type Renderer = {
  show(scene: Scene): void
  setPalette(palette: Palette): void
  setCover(image: TexImageSource | null): void
  draw(signal: Signal, history: Uint8Array, past: number, o: { calm: boolean }): void
  free(): void
}

/** Sizes of the drawn picture against the canvas; a slow machine steps down until it keeps up. */
const SCALES = [1.25, 1, 0.75, 0.5, 0.35]
const SLOW_FRAME_MS = 24
const JUDGED_FRAMES = 40
/** A judgement falls earlier when this much time was lost already. */
const JUDGED_MS = 700
/** A longer pause between two pictures (a hidden tab) says nothing about speed. */
const PAUSE_MS = 3000
const HEIGHT_PX_MAX = 1440

const TRAIL = `#version 300 es
precision highp float;
uniform sampler2D uNow, uBefore;
uniform vec2 uSize;
uniform float uKeep, uZoom;
out vec4 color;
void main() {
  vec2 uv = gl_FragCoord.xy / uSize;
  vec3 before = texture(uBefore, (uv - 0.5) / uZoom + 0.5).rgb * uKeep;
  color = vec4(max(texture(uNow, uv).rgb, before - 0.004), 1.0);
}`
const FINISH = `#version 300 es
precision highp float;
uniform sampler2D uNow;
uniform vec2 uSize;
uniform float uSeed;
out vec4 color;
void main() {
  vec2 uv = gl_FragCoord.xy / uSize;
  vec3 c = texture(uNow, uv).rgb;
  vec3 soft = vec3(0.0);
  for (int i = 0; i < 8; i++) {
    float a = float(i) * 0.7854;
    soft += texture(uNow, uv + vec2(cos(a), sin(a)) * 0.011 * vec2(uSize.y / uSize.x, 1.0)).rgb;
  }
  c += max(soft / 8.0 - 0.18, 0.0) * 0.55;
  c = 1.0 - exp(-c * 1.75);
  float edge = length((uv - 0.5) * vec2(1.0, 0.9));
  c *= 1.0 - 0.45 * smoothstep(0.4, 0.9, edge);
  float grain = fract(sin(dot(gl_FragCoord.xy, vec2(12.9898, 78.233)) + uSeed) * 43758.5453) - 0.5;
  color = vec4(c + grain / 160.0, 1.0);
}`

type Shown = { scene: Scene; ground: Program; points: Program | null }
type State = {
  readonly gl: Gl
  readonly canvas: HTMLCanvasElement
  /** Bands now, bands of the past, cover: texture units 0, 1, 2. */
  readonly inputs: readonly [WebGLTexture, WebGLTexture, WebGLTexture]
  readonly fresh: Target
  before: Target
  after: Target
  readonly trail: Program
  readonly finish: Program
  shown: Shown | null
  palette: Palette
  hasCover: boolean
  size: [number, number]
  pace: { scaleAt: number; lastMs: number; slowMs: number; judged: number }
}
const BLANK: Palette = [
  [0, 0, 0],
  [1, 1, 1],
  [1, 1, 1],
  [1, 1, 1],
]

function setUniforms(r: State, p: Program, s: Signal, past: number): void {
  const { gl } = r
  p.use()
  gl.uniform2f(p.at('uSize'), ...r.size)
  const numbers = {
    uFlow: s.flow,
    uLoud: s.loudness,
    uBass: s.bass,
    uMid: s.mid,
    uTreble: s.treble,
    uPulse: s.pulse,
    uBeat: s.beatPhase,
    uBar: s.barPhase,
    uPast: past,
    uHasCover: r.hasCover ? 1 : 0,
  }
  for (const [name, value] of Object.entries(numbers)) gl.uniform1f(p.at(name), value)
  for (const [i, name] of (['uGround', 'uLow', 'uHigh', 'uLight'] as const).entries())
    gl.uniform3f(p.at(name), ...(r.palette[i] ?? BLANK[0]))
  for (const [unit, name] of ['uBands', 'uHistory', 'uCover'].entries()) gl.uniform1i(p.at(name), unit)
}

/** A machine that cannot keep up draws fewer pixels, step by step. */
function judgeSpeed({ pace }: State): void {
  const nowMs = performance.now()
  if (pace.lastMs > 0 && nowMs - pace.lastMs < PAUSE_MS) {
    pace.slowMs += nowMs - pace.lastMs
    pace.judged += 1
  }
  pace.lastMs = nowMs
  if (pace.judged < JUDGED_FRAMES && (pace.slowMs < JUDGED_MS || pace.judged < 3)) return
  if (pace.slowMs / pace.judged > SLOW_FRAME_MS && pace.scaleAt < SCALES.length - 1) pace.scaleAt += 1
  pace.slowMs = 0
  pace.judged = 0
}

function resize(r: State): void {
  const { clientWidth, clientHeight } = r.canvas
  const asked = SCALES[r.pace.scaleAt] ?? 1
  const scale = asked * Math.min(1, HEIGHT_PX_MAX / Math.max(1, clientHeight * asked))
  const size: [number, number] = [
    Math.max(2, Math.round(clientWidth * scale)),
    Math.max(2, Math.round(clientHeight * scale)),
  ]
  if (size[0] === r.size[0] && size[1] === r.size[1]) return
  r.size = size
  r.canvas.width = size[0]
  r.canvas.height = size[1]
  for (const t of [r.fresh, r.before, r.after]) t.size(...size)
}

function drawInto(r: State, buffer: WebGLFramebuffer | null): void {
  r.gl.bindFramebuffer(r.gl.FRAMEBUFFER, buffer)
  r.gl.viewport(0, 0, ...r.size)
}
function bind({ gl }: State, unit: number, what: WebGLTexture): void {
  gl.activeTexture(gl.TEXTURE0 + unit)
  gl.bindTexture(gl.TEXTURE_2D, what)
}
const cover = ({ gl }: State) => gl.drawArrays(gl.TRIANGLES, 0, 3)

function drawScene(r: State, shown: Shown, s: Signal, past: number): void {
  const { gl } = r
  for (const [unit, what] of r.inputs.entries()) bind(r, unit, what)
  drawInto(r, r.fresh.buffer)
  setUniforms(r, shown.ground, s, past)
  cover(r)
  if (!shown.points) return
  setUniforms(r, shown.points, s, past)
  gl.enable(gl.BLEND)
  gl.blendFunc(gl.ONE, gl.ONE)
  gl.drawArrays(gl.POINTS, 0, shown.scene.points?.count ?? 0)
  gl.disable(gl.BLEND)
}

function drawTrail(r: State, { keep, zoom }: Scene['trail']): void {
  const { gl, trail } = r
  drawInto(r, r.after.buffer)
  trail.use()
  bind(r, 0, r.fresh.picture)
  bind(r, 1, r.before.picture)
  gl.uniform1i(trail.at('uNow'), 0)
  gl.uniform1i(trail.at('uBefore'), 1)
  gl.uniform2f(trail.at('uSize'), ...r.size)
  gl.uniform1f(trail.at('uKeep'), keep)
  gl.uniform1f(trail.at('uZoom'), zoom)
  cover(r)
}

function drawFinish(r: State, seed: number): void {
  const { gl, finish } = r
  drawInto(r, null)
  finish.use()
  bind(r, 0, r.after.picture)
  gl.uniform1i(finish.at('uNow'), 0)
  gl.uniform2f(finish.at('uSize'), ...r.size)
  gl.uniform1f(finish.at('uSeed'), seed)
  cover(r)
  ;[r.before, r.after] = [r.after, r.before]
}

function makeState(canvas: HTMLCanvasElement): State {
  const gl = canvas.getContext('webgl2', {
    alpha: false,
    antialias: false,
    depth: false,
    powerPreference: 'high-performance',
  })
  if (!gl) throw new Error('This browser has no WebGL2.')
  return {
    gl,
    canvas,
    inputs: [texture(gl), texture(gl), texture(gl)],
    fresh: target(gl),
    before: target(gl),
    after: target(gl),
    trail: program(gl, TRAIL),
    finish: program(gl, FINISH),
    shown: null,
    palette: BLANK,
    hasCover: false,
    size: [0, 0],
    pace: { scaleAt: 1, lastMs: 0, slowMs: 0, judged: 0 },
  }
}

/** Draws scenes onto a canvas: scene → trails → finish. Throws where WebGL2 is missing or the driver refuses. */
export function makeRenderer(canvas: HTMLCanvasElement): Renderer {
  const r = makeState(canvas)
  const { gl } = r
  return {
    show(scene) {
      r.shown?.ground.free()
      r.shown?.points?.free()
      const points = scene.points ? program(gl, scene.points.fragment, scene.points.vertex) : null
      r.shown = { scene, ground: program(gl, scene.fragment), points }
    },
    setPalette: (palette) => void (r.palette = palette),
    setCover(image) {
      r.hasCover = image !== null
      if (!image) return
      bind(r, 2, r.inputs[2])
      gl.texImage2D(gl.TEXTURE_2D, 0, gl.RGBA, gl.RGBA, gl.UNSIGNED_BYTE, image)
    },
    draw(signal, history, past, { calm }) {
      judgeSpeed(r)
      if (!r.shown || canvas.clientWidth === 0) return
      resize(r)
      gl.activeTexture(gl.TEXTURE0)
      putBytes(gl, r.inputs[0], BANDS, 1, signal.bands)
      putBytes(gl, r.inputs[1], BANDS, HISTORY_ROWS, history)
      drawScene(r, r.shown, signal, past)
      const { keep, zoom } = r.shown.scene.trail
      drawTrail(r, { keep, zoom: calm ? 1 : zoom })
      drawFinish(r, (signal.flow * 7) % 10)
    },
    free: () => gl.getExtension('WEBGL_lose_context')?.loseContext(),
  }
}
