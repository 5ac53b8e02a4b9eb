import { FRAGMENT_HEAD, type Scene } from './common.ts'

/** Ink in water: bass moves the deep currents, treble the fine silk. Its brightness as a whole never jumps. */
export const tide: Scene = {
  id: 'tide',
  name: 'Tide',
  trail: { keep: 0.55, zoom: 1.0 },
  fragment: `${FRAGMENT_HEAD}
void main() {
  vec2 p = place() * 1.5;
  float t = uFlow * 0.11;
  vec2 q = vec2(fbm(p + t), fbm(p + vec2(5.2, 1.3) - t * 0.8));
  vec2 s = vec2(fbm(p + (1.8 + 1.5 * uBass) * q + vec2(1.7, 9.2) + t * 0.6), fbm(p + (2.4 + 1.2 * uMid) * q + vec2(8.3, 2.8) - t * 0.5));
  float f = fbm(p + (2.6 + 0.5 * uPulse) * s);
  // Silk: thin level lines of the field, one for each part of the spectrum.
  float level = band(clamp(f * 1.35 - 0.1, 0.0, 1.0));
  float lines = abs(fract(f * 13.0 + q.x * 2.0 - t) - 0.5) * 2.0;
  float silk = smoothstep(0.16, 0.0, lines) * (0.1 + 0.9 * level);
  vec3 c = mix(uGround * 0.7, uLow, smoothstep(0.22, 0.85, f) * (0.35 + 0.55 * q.x));
  c = mix(c, uHigh, smoothstep(0.45, 0.95, length(s)) * (0.25 + 0.4 * level));
  c += uLight * silk * 0.34 * smoothstep(0.25, 0.7, f);
  c += uLight * pow(smoothstep(0.55, 0.9, f), 2.0) * (0.14 + 0.3 * uTreble);
  color = vec4(c * 0.82, 1.0);
}`,
}
