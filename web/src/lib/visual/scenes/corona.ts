import { FRAGMENT_HEAD, type Scene } from './common.ts'

/** The cover as a sun: the spectrum stands around it as rays, mirrored, bass at the foot. */
export const corona: Scene = {
  id: 'corona',
  name: 'Corona',
  trail: { keep: 0.8, zoom: 1.012 },
  fragment: `${FRAGMENT_HEAD}
void main() {
  vec2 p = place();
  float turn = uFlow * 0.06;
  float a = atan(p.x, -p.y);
  float r = length(p);
  float x = abs(a) / PI;
  float radius = 0.205 + 0.016 * uBass + 0.012 * uPulse;
  vec3 c = glow(p) * 0.55;

  // Rays: each stands for a place in the spectrum.
  const float RAYS = 144.0;
  float cell = a / (2.0 * PI) * RAYS;
  float middle = (floor(cell) + 0.5) / RAYS * 2.0 * PI;
  float level = band(abs(middle) / PI);
  float high = 0.012 + 0.27 * pow(level, 1.9);
  float across = abs(fract(cell) - 0.5) * 2.0;
  float width = 0.52 / max(0.4, r / 0.3);
  float start = radius + 0.022;
  float inRay = smoothstep(width + 0.22, width - 0.05, across) * smoothstep(start - 0.003, start + 0.003, r) * smoothstep(start + high + 0.006, start + high - 0.006, r);
  vec3 rayColor = mix(uLow, uHigh, smoothstep(0.0, 1.0, x + 0.12 * sin(turn * 3.0)));
  rayColor = mix(rayColor, uLight, smoothstep(0.0, 1.0, (r - start) / 0.26) * 0.6);
  c += rayColor * inRay * (0.5 + 0.5 * level);

  // Aura: what the rays leave in the air.
  vec2 drift = p / max(r, 0.001);
  float smoke = fbm(drift * 1.6 + vec2(turn, -uFlow * 0.35) + r * 2.0) * fbm(drift * 2.7 - r * 4.0 + uFlow * 0.22);
  c += mix(uLow, uHigh, x) * smoke * exp(-(r - radius) * 3.6) * (0.35 + 1.3 * uLoud) * step(radius, r);
  c += uLight * 0.55 * exp(-abs(r - radius - 0.008) * 190.0) * (0.5 + 0.5 * level);

  // The cover itself.
  float disc = smoothstep(radius + 0.0015, radius - 0.0015, r);
  vec2 uv = p / (radius * 2.0) + 0.5;
  vec3 face = mix(mix(uLow, uHigh, uv.y), texture(uCover, vec2(uv.x, 1.0 - uv.y)).rgb, uHasCover);
  c = mix(c, face * (0.9 + 0.1 * smoothstep(radius, 0.0, r)), disc);
  color = vec4(c, 1.0);
}`,
}
