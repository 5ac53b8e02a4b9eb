/** A picture: its fragment shader, and how much of the picture before stays. */
export type Scene = {
  readonly id: string
  readonly name: string
  readonly fragment: string
  /** For scenes of points; they are drawn over the fragment shader's ground. */
  readonly points?: { readonly vertex: string; readonly fragment: string; readonly count: number }
  /** Share of the last picture that stays, and how it grows outwards: trails. */
  readonly trail: { readonly keep: number; readonly zoom: number }
}

/** Rows of the past that a scene may read, and the time between two of them. */
export const HISTORY_ROWS = 64
export const HISTORY_STEP_SEC = 0.07

export const HEAD = `#version 300 es
precision highp float;
uniform vec2 uSize;
uniform float uFlow, uLoud, uBass, uMid, uTreble, uPulse, uBeat, uBar, uPast, uHasCover;
uniform vec3 uGround, uLow, uHigh, uLight;
uniform sampler2D uBands, uHistory, uCover;
const float PI = 3.14159265;
float band(float x) { return texture(uBands, vec2(clamp(x, 0.0, 1.0) * 0.969 + 0.0155, 0.5)).r; }
float hash(float n) { return fract(sin(n) * 43758.5453); }
float hash2(vec2 p) { return fract(sin(dot(p, vec2(127.1, 311.7))) * 43758.5453); }
float noise(vec2 p) {
  vec2 i = floor(p), f = fract(p);
  f = f * f * (3.0 - 2.0 * f);
  return mix(mix(hash2(i), hash2(i + vec2(1, 0)), f.x), mix(hash2(i + vec2(0, 1)), hash2(i + vec2(1, 1)), f.x), f.y);
}
float fbm(vec2 p) {
  float sum = 0.0, size = 0.5;
  for (int i = 0; i < 4; i++) { sum += size * noise(p); p = mat2(1.6, 1.2, -1.2, 1.6) * p; size *= 0.5; }
  return sum;
}
`
/** Ground of a scene: a slow glow, so that black is never flat. */
export const FRAGMENT_HEAD = `${HEAD}
out vec4 color;
vec2 place() { return (gl_FragCoord.xy - 0.5 * uSize) / min(uSize.x, uSize.y); }
vec3 glow(vec2 p) {
  float n = fbm(p * 1.3 + vec2(uFlow * 0.05, -uFlow * 0.04));
  return uGround * (0.35 + 0.75 * n) + mix(uLow, uHigh, n) * 0.05 * smoothstep(1.1, 0.0, length(p));
}
`
