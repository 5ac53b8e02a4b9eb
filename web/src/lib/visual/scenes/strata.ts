import { FRAGMENT_HEAD, HISTORY_ROWS, type Scene } from './common.ts'

/** Mountains of the last seconds: each ridge is a spectrum that was heard, and walks away into the distance. */
export const strata: Scene = {
  id: 'strata',
  name: 'Strata',
  trail: { keep: 0.0, zoom: 1.0 },
  fragment: `${FRAGMENT_HEAD}
const int RIDGES = 44;
float heard(float x, float row) { return texture(uHistory, vec2(x * 0.969 + 0.0155, (row + 0.5) / ${HISTORY_ROWS}.0)).r; }
void main() {
  vec2 p = gl_FragCoord.xy / uSize;
  float aspect = uSize.x / uSize.y;
  vec3 sky = mix(uGround * 0.9, uGround * 0.25, p.y) + glow(place()) * 0.4;
  float sun = length((p - vec2(0.5, 0.66)) * vec2(aspect, 1.0));
  sky += mix(uHigh, uLight, 0.35) * (0.5 * smoothstep(0.172 + 0.012 * uBass, 0.168 + 0.012 * uBass, sun) + 0.2 * exp(-sun * 5.5)) * (0.55 + 0.45 * uLoud);
  vec3 c = sky;
  float pixel = 1.5 / uSize.y;
  // From the nearest ridge to the farthest: the first one that covers a pixel hides the rest.
  for (int i = 0; i < RIDGES; i++) {
    float row = float(i) + uPast;
    float far = row / float(RIDGES);
    float wide = mix(0.62, 2.1, pow(far, 0.8)) ;
    float x = (p.x - 0.5) * wide / mix(1.0, 0.72, far);
    float side = sqrt(x * x + 0.0016) * 1.85;
    float foot = mix(-0.06, 0.6, 1.0 - pow(1.0 - far, 1.7));
    float shape = smoothstep(1.25, 0.1, side);
    float wobble = noise(vec2(x * 26.0, row * 0.0 + floor(row) * 3.1)) * 0.28 + 0.86;
    float peak = pow(heard(clamp(side * 0.78 + 0.02, 0.0, 1.0), row), 1.8) * wobble * shape * mix(0.34, 0.11, far);
    float d = p.y - foot - peak;
    if (d > pixel * 2.0) continue;
    float line = smoothstep(pixel * 1.8, 0.0, abs(d));
    vec3 ink = mix(mix(uLight, uLow, smoothstep(0.0, 0.5, far)), uHigh, smoothstep(0.45, 1.0, far));
    vec3 rock = mix(uGround * 0.22, uGround * 0.8, far) + ink * 0.1 * smoothstep(0.1, 0.0, -d);
    float lit = (0.3 + 0.9 * peak / mix(0.34, 0.11, far)) * mix(1.0, 0.5, far) * smoothstep(1.0, 0.9, far);
    c = mix(rock, ink, clamp(line * lit, 0.0, 1.0));
    c = mix(c, sky, smoothstep(0.5, 1.0, far) * 0.7);
    break;
  }
  color = vec4(c, 1.0);
}`,
}
